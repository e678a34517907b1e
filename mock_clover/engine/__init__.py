"""The request pipeline: routing, decoding, overrides, errors and evidence."""
