"""Delivery: the outbox of alerts, who gets them, and how they reach WeCom."""

from crossdock.delivery.send import DeliveryReport, deliver, update_cards

__all__ = ["DeliveryReport", "deliver", "update_cards"]
