"""The `forecast` command, also as `python -m forecast`."""

from __future__ import annotations

import signal


def main() -> None:
    """Entry point of the `forecast` command: Ctrl-C while it is loaded, or once it is done, ends it without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from forecast.cli import main as command

    command()


if __name__ == "__main__":
    main()
