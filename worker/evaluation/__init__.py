"""How good it is, measured: on public sets and on cases of one's own, before and after every change."""
