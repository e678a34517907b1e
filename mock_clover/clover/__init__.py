"""The Clover API that is mocked: one package per resource, with the layer in each file name."""
