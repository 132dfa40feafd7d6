"""Deliveries: signed webhooks, posts into tickets and notifications, enqueued with the event that they report."""
