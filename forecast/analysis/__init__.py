"""Questions put to runs and scenarios.

- `comparison`: paired differences of scenarios
- `sweep`: a scenario at many values of its assumptions
- `attribution`: a difference divided among the assumptions that differ
- `budget`: what spreads an outcome, and the value of knowing an input
- `breakeven`: the value of an input at which an outcome turns
- `displacement`: the rate of exports replaced that decides the sign of an effect
- `grounds`: what an answer rests on, and the part of a spread that is judgement
- `duties`: what the duties of a scenario change in the effect of its announcements
- `input_values`: values of single uncertain inputs in draws and over time
- `induced`: how much of a year's surplus Korean affiliates in the US account for
- `bridge`: the gap between the two books
- `memory`: how far exports of memory stand from their trend
- `explain`: every value of a scenario with its origin
"""
