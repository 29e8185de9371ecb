"""The Monte Carlo engine: a plan of arrays in, flows of every draw out, block by block.

- `plan`: the compiled scenario as data: arrays, small values, uncertain inputs
- `annual`: flows by calendar year
- `compile`: the only door from the scenario language to a plan
- `existing`: affiliates that exist and leave the fitted path of purchases
- `simulate`: blocks over workers, folded in order
- `block`: one block of draws: baseline, bridge, plants, policy
- `plants`: fate, building, purchases and sales of plants
- `sourcing`: the Korean share of purchases
- `policy`: duties and promised purchases
- `drivers`: driver paths and shocks
- `inputs`: values of uncertain inputs in a block
- `resampling`: variance shares by source of spread, drawn again or held
"""
