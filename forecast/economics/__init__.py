"""Economics as pure functions of arrays, and the priors they start from.

- `channels`: from investment to trade flows: machinery, inputs, displacement, reverse imports; composition of purchases
- `tariffs`: tariff schedules, and the response of price, quantity and local supply to a duty
- `tariff_evidence`: what US imports of 2018-19 and 2025 say of the elasticity, by product group
- `elasticities`: how trade answers duties by product group, learned and judged, and what rivals' duties give back
- `processes`: equations of the baseline, the drivers and the bridge between the two books
- `memory`: memory as a price cycle: its level, its trend, and how heights above it pass
- `products`: what exports consist of, and how that composition moves
- `priors`: uncertain numbers with their evidence
- `sectors`: priors of every industry
- `pipeline`: announcements still to come: the pace of outward investment, and how soon orders follow an announcement
- `realisation`: cancellation, delay and size of announced plants
- `installed_base`: affiliates that exist: what they buy, replace and send
- `uncertain_inputs`: the registry of uncertain inputs: names, streams, sources of spread
"""
