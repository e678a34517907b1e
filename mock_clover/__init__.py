"""mock-clover: the Clover payments sandbox on your own machine.

Importing this package imports nothing else: start-up time is our users' waiting time.
"""

__version__ = "0.1.0"
