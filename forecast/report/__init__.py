"""Answers for readers: terminal tables, sentences, pages, in English and Korean.

- `i18n`: words of both languages; numbers, dates and distributions in them
- `sentences`: a result in plain sentences
- `tables`: terminal tables of runs
- `comparison`: a comparison and its attribution in words
- `budget`: an uncertainty budget and induced trade in words
- `explain`: sectors, distributions and a scenario's values in words
- `track`: the track record in words, and as a folder of pages
- `ledger`: frozen forecasts and model checks in words
- `assumptions`: assumptions of a scenario with their sources, and differences between two
- `page`: the report page
- `sections`: parts of the report page
- `charts`: its drawings, as inline SVG
- `explore`: the page on which assumptions are moved
- `workbench`: the simulation behind that page, and its sliders
"""
