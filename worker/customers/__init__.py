"""The identity of customers, and memories of them."""
