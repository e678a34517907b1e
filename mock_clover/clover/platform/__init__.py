"""The platform API (`/v3/merchants/{mId}/…`): views of the same stored rows as /v1."""
