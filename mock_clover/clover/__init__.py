"""The imitated Clover API: one package per resource, with the layer in each file name."""
