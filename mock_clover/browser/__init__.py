"""The files that browsers load: scripts, frames and pages, served unchanged."""
