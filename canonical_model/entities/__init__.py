"""All entities of the canonical model, parents before their lines."""

from collections.abc import Mapping

from canonical_model.declaration import Entity, EntitySpec, describe
from canonical_model.entities.code_xref import CodeXref
from canonical_model.entities.goods_receipt import GoodsReceipt, GoodsReceiptLine
from canonical_model.entities.inventory import InventoryBalance
from canonical_model.entities.item import Item
from canonical_model.entities.location import Location
from canonical_model.entities.order_response import OrderResponse, OrderResponseLine
from canonical_model.entities.party import Party
from canonical_model.entities.purchase_order import PurchaseOrder, PurchaseOrderLine, PurchaseOrderSchedule

ALL: tuple[type[Entity], ...] = (
    Party,
    Item,
    Location,
    CodeXref,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    OrderResponse,
    OrderResponseLine,
    GoodsReceipt,
    GoodsReceiptLine,
    InventoryBalance,
)

SPECS: Mapping[str, EntitySpec] = {describe(entity).name: describe(entity) for entity in ALL}
"""Entity name -> its specification, parents before their lines."""

MODELS: Mapping[str, type[Entity]] = {describe(entity).name: entity for entity in ALL}
"""Entity name -> its pydantic model."""
