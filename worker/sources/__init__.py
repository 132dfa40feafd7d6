"""Sources: sitemaps, feeds, pages, folders and repositories that are looked at again, so that documents stay fresh.

`protocol` is what a connector of a kind does, `kinds` has the connectors, `runner` looks at the sources that are due,
`items` keeps what a look has found, and `sources` is what operators do with them.
"""
