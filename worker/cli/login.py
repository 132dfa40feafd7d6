"""Servers elsewhere: log in, list and forget profiles; and the shell's completion of this command line."""

from pathlib import Path

import click

from worker.cli.base import Failure, Refused, main, output_option, print_list
from worker.cli.profiles import DEFAULT, Profile, profiles_file, read_profiles, write_profiles
from worker.cli.remote import Server, checked_url, connect


@main.command()
@click.argument("url")
@click.option("--profile", default=DEFAULT, show_default=True, help="Name that commands refer to the server by.")
@click.option("--key", help="API key; prompted for if omitted.")
def login(url: str, profile: str, key: str | None) -> None:
    """Keep the address and an API key of a server, once both are tried.

    Commands such as `listen`, `tail`, `trigger`, `search` and `ask` then work on it with --profile. The profile
    `default` is used by those that need a server. Options and the environment (ANSWERBACK_URL, ANSWERBACK_API_KEY,
    ANSWERBACK_PROFILE) win over profiles.
    """
    url = checked_url(url)
    if not profile.strip() or not profile.isprintable():
        raise click.UsageError("The name of a profile is empty.")
    profiles = read_profiles()
    key = (key or click.prompt("API key", hide_input=True, err=True)).strip()
    if not key.isascii() or not key.isprintable():
        raise click.UsageError("The API key has characters that no key has.")
    with connect(Server(url=url, key=key, key_from="this login")) as remote:
        try:
            remote.get("/v1/events", cursor="now", limit=1)
        except Refused as error:
            if "scope" not in error.message:  # a key that may only write is a key, too
                raise
    write_profiles({**profiles, profile: Profile(url=url, key=key)})
    click.echo(f"Logged in to {url} as profile {profile}, kept in {profiles_file()}.")


@main.command()
@click.option("--profile", default=DEFAULT, show_default=True)
def logout(profile: str) -> None:
    """Forget a profile; its key stays valid on the server."""
    profiles = read_profiles()
    if profile not in profiles:
        known = ", ".join(sorted(profiles)) or "there are none"
        raise Failure(f"There is no profile {profile} ({known}).")
    del profiles[profile]
    write_profiles(profiles)
    click.echo(f"The profile {profile} is forgotten.")


@main.command("profiles")
@output_option
def list_profiles(output: str) -> None:
    """List the servers that were logged in to."""
    profiles = sorted(read_profiles().items())
    found = [{"name": name, "url": profile.url, "key": f"{profile.key[:6]}…"} for name, profile in profiles]
    empty = "There are no profiles: `answerback login URL` makes one."
    print_list(found, output, {"profile": "name", "server": "url", "key": "key"}, empty=empty)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what a SHELL needs to complete commands.

    \b
    bash:  answerback completion bash > ~/.local/share/bash-completion/completions/answerback
    zsh:   answerback completion zsh > ~/.zfunc/_answerback    (with ~/.zfunc in fpath)
    fish:  answerback completion fish > ~/.config/fish/completions/answerback.fish
    """
    from click.shell_completion import get_completion_class

    program = Path(click.get_current_context().find_root().info_name or "answerback").name
    found = get_completion_class(shell)
    assert found is not None  # click has these three
    variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
    click.echo(found(main, {}, program, variable).source())
