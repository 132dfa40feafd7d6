"""Views of integrations: webhook endpoints, deliveries, helpdesks."""
