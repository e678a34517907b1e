"""What a browser loads: scripts, frames and pages, as files that are served as they are."""
