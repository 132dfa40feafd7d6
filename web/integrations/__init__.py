"""Views of what the service talks to: webhook endpoints, deliveries, helpdesks."""
