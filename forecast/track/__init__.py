"""The track record: forecasts against outcomes.

- `backtest`: forecasts at past origins
- `benchmarks`: methods a forecast has to beat
- `scores`: CRPS, PIT, coverage and pinball loss
- `record`: scores and their tables
- `ledger`: frozen forecasts, and the targets they predict
- `evaluation`: scores of a frozen forecast, split into model and assumptions
- `hindsight`: scenarios with facts in place of assumptions
"""
