"""Answers for readers: tables and sentences for terminal, page and Markdown, in English and Korean.

- `table`: a table as one value, and its printers
- `i18n`: texts of both languages; numbers, dates and distributions in them
- `sentences`: a result in plain sentences; conditions assumed; the gap between the books
- `effect`: what announcements change, because of what, and how surely
- `observed`: what was observed beside a forecast: later surplus in both books, memory above its trend, products
- `run`: tables of runs, their branches, and observed trade
- `comparison`: a comparison and its attribution
- `sweep`: a scenario at many values of its assumptions
- `budget`: an uncertainty budget
- `induced`: the claim of KIET put to the test
- `explain`: sectors with their evidence, a scenario fully resolved, a distribution
- `announcements`: announcements known, and one of them whole
- `track`: the track record, and the page it is published on
- `ledger`: frozen forecasts and model checks
- `assumptions`: assumptions of a scenario with their sources, and differences between two
- `page`: the report page
- `templates`: pages from templates
- `handout`: a comparison as files: tables, pictures, page
- `distributions`: how effects of scenarios and their difference are spread in a year
- `rows`: its charts of rows, inputs that swing an outcome and plants in time
- `notebook`: what answers show of themselves in a notebook
- `charts`: its drawings, as inline SVG
- `explore`: the page on which assumptions are moved
- `sliders`: what of a scenario can be moved on it
- `workbench`: the simulation behind that page
"""
