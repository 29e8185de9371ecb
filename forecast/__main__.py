"""The `forecast` command, also as `python -m forecast`."""

from __future__ import annotations

import atexit
import signal


def main() -> None:
    """Entry point of the `forecast` command: Ctrl-C while it is loaded ends it without a word, and once it is done not.

    What it has started goes when the process ends, which no stop breaks into.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from forecast.cli import run_and_exit
    from forecast.cli.process import Stops, deaf

    atexit.register(deaf)
    stops = Stops()
    stops.listen()
    run_and_exit(stops)


if __name__ == "__main__":
    main()
