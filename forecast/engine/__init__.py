"""The Monte Carlo engine: a plan of arrays in, flows of every draw out, block by block.

- `plan`: the compiled scenario as data: arrays, small values, uncertain inputs
- `annual`: flows by calendar year
- `run_plan`: the plan of a run of one branch or several, and the registry of all that it draws
- `compile`: the door from the scenario language to a plan
- `compile_policy`: the same for tariffs, promised purchases, what exports consist of, plants still to be announced
- `existing`: affiliates that exist and leave the fitted path of purchases
- `simulate`: blocks over workers, folded in order
- `block`: one block of draws: baseline, bridge, plants, policy
- `announcements`: which go ahead, and when
- `plants`: building, purchases and sales of plants
- `sourcing`: the Korean share of purchases
- `products`: exports of a block by product
- `policy`: duties and promised purchases
- `drivers`: driver paths and shocks
- `inputs`: values of uncertain inputs in a block
- `stratified`: random numbers of a block by sampling scheme
- `resampling`: variance shares by source of spread, drawn again or held
"""
