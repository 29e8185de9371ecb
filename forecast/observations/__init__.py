"""Data observed: read once, checked once, handed on as typed series of a vintage.

- `tables`: the shipped CSV tables: contracts, reading, digest
- `user_data`: vintages of a user's own data, which lie over them
- `series`: monthly and quarterly series, drivers, and the release calendar
- `annual`: calendar years of trade in both books, and shares of purchases
- `announcements`: announced plants, overlaps among them, and their status by a day
- `affiliates`: Korean manufacturing affiliates that exist in the US, and trade between related parties
- `products`: exports by product, duties paid and US trade law by date, world chip billings, exports of memory
- `duties`: US duties on Korean goods by law on a day, by sector, and as paid by industry
- `vintage`: everything known on a day
- `holdings`: series held, and what is due next
- `formats`: files of agencies as grids of cells
- `spreadsheets`: tables of users as spreadsheets write them
- `us_agencies`: trade by country and end use, the monthly release, series from FRED
- `korean_agencies`: customs trade by country and item, series of the Bank of Korea
- `plausibility`: whether figures can be what they seem beside those held
- `additions`: what files of a user would add, and what is refused
"""
