"""Memory of a process that works through blocks: what one array frees, the next takes.

A block makes some thousand arrays of about half a megabyte. Linux' C library hands arrays of that size back to the
system as soon as they are freed, so that every one of them begins with pages that the system has to clear first: a
third of the time of a block. Source: mallopt(3).
"""

from __future__ import annotations

import ctypes
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Numbers of the parameters in `malloc.h`."""

LARGEST_ARRAY = 2**25
"""Bytes of an array above which it still goes back at once, the most that the library takes: blocks make none."""

MOST_KEPT = 2**30
"""Bytes at the end of the heap that may lie free."""


@cache
def keep_freed_memory() -> bool:
    """Tell the C library to keep what is freed, once a process; False where it is another one, which needs no telling.

    The most a process ever holds stays as it is; what it holds between two arrays does not shrink.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGEST_ARRAY) and mallopt(_M_TRIM_THRESHOLD, MOST_KEPT))
