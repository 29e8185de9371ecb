"""The command line in the process of the tests: what it prints, leaves and ends with, but for the start of a process.

What is claimed of processes themselves (imports, signals, exit codes as a shell sees them) runs in one of its own.
"""

from __future__ import annotations

import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

import pytest

from forecast.cli import main, progress


def command(*arguments: str, cwd: Path, **environment: str) -> CompletedProcess[str]:
    """The `forecast` command in a folder, on 80 columns unless `COLUMNS` says otherwise, without lines of progress.

    Those come where a machine is busy, and would be taken for something that is said.

    Args:
        arguments: words after `forecast`.
        cwd: folder it works in.
        environment: variables set for it alone.
    """
    stdout, stderr = StringIO(), StringIO()
    with (
        chdir(cwd),
        patch.dict(os.environ, {"COLUMNS": "80"} | environment),
        patch.object(sys, "argv", ["forecast", *arguments]),
        patch.object(progress, "FIRST_LINE_AFTER", 3600.0),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
        pytest.raises(SystemExit) as end,
    ):
        main()
    code = end.value.code
    assert isinstance(code, int)
    return CompletedProcess(arguments, code, stdout.getvalue(), stderr.getvalue())
