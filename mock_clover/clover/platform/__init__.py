"""The platform API (`/v3/merchants/{mId}/…`): other views of the same rows, none kept twice."""
