"""3-D Secure: authentication flows, the issuer's pages and control endpoints."""
