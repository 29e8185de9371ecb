"""What one array of a block frees, the next takes: a process that simulates asks the system for memory once."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from forecast.engine.block import LARGEST_ARRAY, keep_freed_memory

COUNT = """
import resource
from forecast.storage.documents import scenario_path
from forecast.engine.block import flows_of
from forecast.engine.compile import compile_run
from forecast.engine.simulate import Settings, block_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.mixture import load_any

world = load_any(scenario_path("announced"))
plan = compile_run(world, load_posterior(), vintage(world.as_of))
first, *others = block_streams(plan, Settings(6_000))
flows_of(plan, first)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
blocks = [flows_of(plan, streams).annual for streams in others]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, sum(block.nbytes for block in blocks))
"""


@pytest.mark.skipif(not keep_freed_memory(), reason="another C library, which is told nothing")
def test_blocks_after_the_first_take_no_new_pages_but_for_what_they_leave() -> None:
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    faults, kept = map(int, done.stdout.split())
    assert faults < 2 * kept / resource.getpagesize()
    assert kept < 2 * LARGEST_ARRAY  # arrays of a block are among those that the library keeps
