"""mock-clover: the Clover payments sandbox on your own machine.

Importing this package imports nothing else, to keep start-up fast.
"""

__version__ = "0.1.0"
