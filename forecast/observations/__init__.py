"""Data observed: read once, checked once, handed on as typed series of a vintage.

- `tables`: the shipped CSV tables: contracts, reading, digest
- `series`: monthly and quarterly series, drivers, and the release calendar
- `annual`: calendar years of trade in both books, and shares of purchases
- `announcements`: announced plants, overlaps among them, and their status by a day
- `affiliates`: Korean manufacturing affiliates that exist in the US, and trade between related parties
- `products`: exports by product, duties paid and US trade law by date, world chip billings, exports of memory
- `vintage`: everything known on a day
"""
