"""All entities of the canonical model, parents before their lines."""

from collections.abc import Mapping

from canonical_model.declaration import Entity, EntitySpec, describe
from canonical_model.entities.code_xref import CodeXref
from canonical_model.entities.goods_receipt import GoodsReceipt, GoodsReceiptLine
from canonical_model.entities.inventory import InventoryBalance, InventoryMovement
from canonical_model.entities.invoice import Invoice, InvoiceLine
from canonical_model.entities.item import Item, ItemPack, UnitConversion
from canonical_model.entities.location import Location
from canonical_model.entities.lot import Lot, Serial
from canonical_model.entities.order_response import OrderResponse, OrderResponseLine, OrderResponseSchedule
from canonical_model.entities.party import Party, PartyContact
from canonical_model.entities.production_order import (
    OperationReport,
    ProductionMaterial,
    ProductionMaterialLot,
    ProductionOperation,
    ProductionOrder,
)
from canonical_model.entities.purchase_order import PurchaseOrder, PurchaseOrderLine, PurchaseOrderSchedule
from canonical_model.entities.quality_inspection import (
    InspectionCharacteristic,
    InspectionDefect,
    InspectionMeasurement,
    QualityInspection,
)
from canonical_model.entities.sales_order import SalesOrder, SalesOrderLine, SalesOrderSchedule
from canonical_model.entities.shipment import Package, Shipment, ShipmentLine
from canonical_model.entities.tracking import TemperatureReading, TrackingEvent

ALL: tuple[type[Entity], ...] = (
    Party,
    PartyContact,
    Item,
    ItemPack,
    UnitConversion,
    Location,
    CodeXref,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderSchedule,
    SalesOrder,
    SalesOrderLine,
    SalesOrderSchedule,
    OrderResponse,
    OrderResponseLine,
    OrderResponseSchedule,
    Shipment,
    Package,
    ShipmentLine,
    TrackingEvent,
    TemperatureReading,
    GoodsReceipt,
    GoodsReceiptLine,
    Lot,
    Serial,
    InventoryBalance,
    InventoryMovement,
    ProductionOrder,
    ProductionMaterial,
    ProductionMaterialLot,
    ProductionOperation,
    OperationReport,
    QualityInspection,
    InspectionCharacteristic,
    InspectionMeasurement,
    InspectionDefect,
    Invoice,
    InvoiceLine,
)

SPECS: Mapping[str, EntitySpec] = {describe(entity).name: describe(entity) for entity in ALL}
"""Entity name -> its specification, parents before their lines."""

MODELS: Mapping[str, type[Entity]] = {describe(entity).name: entity for entity in ALL}
"""Entity name -> its pydantic model."""
