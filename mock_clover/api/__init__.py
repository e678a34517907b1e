"""Clover's surface: endpoints as values and one synchronous `answer`. No Starlette here."""
