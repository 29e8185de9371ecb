"""The track record: forecasts against outcomes.

- `backtest`: forecasts at past origins
- `references`: the benchmarks that forecasts have to beat
- `custom_trade`: another country's trade from a user's file
- `scores`: CRPS, PIT, coverage and pinball loss
- `record`: scores and their tables
- `targets`: what is to be observed, and what was predicted of it
- `ledger`: frozen forecasts
- `verification`: whether what is stored is as it was stored
- `evaluation`: scores of a frozen forecast, divided between model and assumptions by hindsight
"""
