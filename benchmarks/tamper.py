"""Changes single bytes of what is stored, and counts how often it is noticed: python benchmarks/tamper.py --changes 100

A run, an entry of a ledger with its posterior, a posterior and an exported run are made in a folder that is gone
afterwards. Each change is of one byte, at a random place of a random file: another value for it, one more, or one less.
It is caught if `forecast verify` ends with code 2 and names the file, or the exported run it lies in. Ends with code 1
if one is not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from forecast.cli import main as forecast
from forecast.models.posterior import load_posterior, save_posterior

STORED: dict[str, tuple[str, ...]] = {
    "run": ("results",),
    "mixture": ("mixtures",),
    "ledger entry": ("--ledger", "ledger"),
    "posterior": ("posterior.nc",),
    "exported run": ("run.zip",),
}
"""Things that are stored, and words after `forecast verify` that name their places."""

KINDS: dict[str, Callable[[bytes, int, int], bytes]] = {
    "changed": lambda content, place, byte: content[:place] + bytes([byte]) + content[place + 1 :],
    "added": lambda content, place, byte: content[:place] + bytes([byte]) + content[place:],
    "removed": lambda content, place, _: content[:place] + content[place + 1 :],
}


def command(*arguments: str) -> tuple[int, str]:
    """Exit code of a command of this process, and what it says on the standard error."""
    stderr = StringIO()
    sys.argv = ["forecast", *arguments]
    with redirect_stdout(StringIO()), redirect_stderr(stderr):
        try:
            forecast()
        except SystemExit as end:
            return int(end.code or 0), stderr.getvalue()
    return 0, stderr.getvalue()


def store() -> None:
    """Make one of each in the current folder."""
    for arguments in (
        ("run", "hyundai", "--draws", "2000"),
        ("run", "tariff-regimes", "--draws", "2000", "--no-plot", "--out", "mixtures"),
        ("ledger", "add", "results/hyundai"),
        ("export", "results/hyundai", "--out", "run.zip"),
    ):
        code, said = command(*arguments)
        if code:
            raise SystemExit(said)
    save_posterior(load_posterior(), "posterior.nc")


def tampered(path: Path, kind: str, rng: random.Random) -> None:
    """Change one byte of a file, so that it is another file; line ends are none, as version control converts them."""
    content = path.read_bytes()
    while True:
        changed = KINDS[kind](content, rng.randrange(len(content)), rng.randrange(256))
        if changed.replace(b"\r\n", b"\n") != content.replace(b"\r\n", b"\n"):
            path.write_bytes(changed)
            return


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=100, help="changes of each thing that is stored")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng, counts, n_missed = random.Random(options.seed), Counter[tuple[str, str]](), 0
    with tempfile.TemporaryDirectory(prefix="tamper-") as folder, chdir(folder):
        store()
        for name, place in STORED.items():
            root = Path(place[-1])
            files = sorted(path for path in (root.rglob("*") if root.is_dir() else [root]) if path.is_file())
            for turn in range(options.changes):
                path, kind = rng.choice(files), [*KINDS][turn % len(KINDS)]
                original = path.read_bytes()
                tampered(path, kind, rng)
                code, said = command("verify", *place, "--blocks", "0")
                path.write_bytes(original)
                caught = code == 2 and path.name in said and "Traceback" not in said
                counts[name, kind] += caught
                n_missed += not caught
                if not caught:
                    print(f"missed: {path}, one byte {kind}: code {code}, {said.strip()!r}")
            if command("verify", *place, "--blocks", "0")[0]:
                raise SystemExit(f"{name}: what is whole is refused")
        print(f"{'stored':14}{''.join(f'{kind:>10}' for kind in KINDS)}{'caught':>10}{'of':>6}")
        for name in STORED:
            row = [counts[name, kind] for kind in KINDS]
            print(f"{name:14}{''.join(f'{count:10}' for count in row)}{sum(row):10}{options.changes:6}")
    return int(n_missed > 0)


if __name__ == "__main__":
    sys.exit(main())
