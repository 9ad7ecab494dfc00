"""Payments for health and benefits from health services, by people's resources."""
