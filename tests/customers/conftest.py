"""Customers on both stores, over the fixtures of the store's contract."""

from __future__ import annotations

from tests.store.contract.conftest import address, clock, empty, store

__all__ = ["address", "clock", "empty", "store"]
