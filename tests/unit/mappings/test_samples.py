"""The shipped mappings over files that nobody on this project wrote.

What is expected was counted from the bytes by other means (the csv and json modules, another reader of .xls), not taken
from our own output.
"""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.formats import FormatOptions
from crossdock.pipeline.cases import CaseStream, MappedFile, map_file
from mappings.spec import find_mapping

HEADER = ["PurchaseOrderID", "RevisionNumber", "Status", "EmployeeID", "VendorID", "ShipMethodID", "OrderDate", "ShipDate",
          "SubTotal", "TaxAmt", "Freight", "TotalDue", "ModifiedDate"]  # fmt: skip
DETAIL = ["PurchaseOrderID", "PurchaseOrderDetailID", "DueDate", "OrderQty", "ProductID", "UnitPrice", "LineTotal",
          "ReceivedQty", "RejectedQty", "StockedQty", "ModifiedDate"]  # fmt: skip
VENDOR = ["BusinessEntityID", "AccountNumber", "Name", "CreditRating", "PreferredVendorStatus", "ActiveFlag",
          "PurchasingWebServiceURL", "ModifiedDate"]  # fmt: skip
PRODUCT_VENDOR = ["ProductID", "BusinessEntityID", "AverageLeadTime", "StandardPrice", "LastReceiptCost",
                  "LastReceiptDate", "MinOrderQty", "MaxOrderQty", "OnOrderQty", "UnitMeasureCode", "ModifiedDate"]  # fmt: skip


def mapped(mapping: str, path: Path, *, config: Mapping[str, object] | None = None, **parts: str) -> MappedFile:
    """What the mapping makes of the file; no row is unaccounted for."""
    stream = CaseStream(config=FormatOptions.model_validate(dict(config or {})), parts=parts)
    made = map_file(find_mapping(mapping, None), path, stream)
    assert made.accounts == []
    return made


def of(made: MappedFile, entity: str) -> list[dict[str, object]]:
    return [record for record in made.records if record["entity"] == entity]


def total(records: list[dict[str, object]], field: str) -> Decimal:
    return sum((Decimal(str(record[field])) for record in records if field in record), Decimal(0))


def headerless(*names: str) -> dict[str, object]:
    return {"header": "none", "delimiter": "\t", "names": list(names)}


# AdventureWorks


def test_adventureworks_headers(samples: Path) -> None:
    path = samples / "adventureworks" / "PurchaseOrderHeader.csv"
    made = mapped("adventureworks/purchase_order", path, config=headerless(*HEADER))

    assert made.issues == []
    # status 2 and 4, approved and complete: 12 + 3689
    assert Counter(record["document_status"] for record in made.records) == {
        "approved": 3701, "pending_approval": 225, "rejected": 86,
    }  # fmt: skip


def test_adventureworks_lines(samples: Path) -> None:
    path = samples / "adventureworks" / "PurchaseOrderDetail.csv"
    made = mapped("adventureworks/purchase_order_line", path, config=headerless(*DETAIL))

    assert (len(made.records), made.issues) == (8845, [])
    assert sum(Decimal(str(one["received"])) < Decimal(str(one["ordered"])) for one in made.records) == 380
    assert sum(Decimal(str(one["rejected"])) > 0 for one in made.records) == 563


def test_adventureworks_vendors_and_what_they_sell(samples: Path) -> None:
    folder = samples / "adventureworks"
    vendors = mapped("adventureworks/vendor", folder / "Vendor.csv", config=headerless(*VENDOR))
    products = mapped("adventureworks/product_vendor", folder / "ProductVendor.csv", config=headerless(*PRODUCT_VENDOR))

    assert (vendors.issues, products.issues) == ([], [])
    assert Counter(one["status"] for one in vendors.records) == {"active": 100, "blocked": 4}
    assert next(one for one in vendors.records if one["key"] == "1492")["name"] == "Australia Bike Retailer"
    assert len(products.records) == 265
    # EA, CTN container, CAN canister, CS case, DZ dozen, GAL gallon, PAK pack
    assert Counter(one["base_unit"] for one in products.records) == {
        "EA": 119, "XCN": 75, "XCI": 36, "XCS": 22, "DZN": 5, "GLL": 5, "XPK": 3,
    }  # fmt: skip


def test_adventureworks_carriers_and_places(samples: Path) -> None:
    folder = samples / "adventureworks"
    ways = mapped(
        "adventureworks/ship_method",
        folder / "ShipMethod.csv",
        config=headerless("ShipMethodID", "Name", "ShipBase", "ShipRate", "rowguid", "ModifiedDate"),
    )
    places = mapped(
        "adventureworks/location",
        folder / "Location.csv",
        config=headerless("LocationID", "Name", "CostRate", "Availability", "ModifiedDate"),
    )

    assert (ways.issues, places.issues) == ([], [])
    assert [(one["key"], one["name"]) for one in ways.records][:2] == [
        ("SHIP-1", "XRQ - TRUCK GROUND"),
        ("SHIP-2", "ZY - EXPRESS"),
    ]
    assert (len(ways.records), len(places.records)) == (5, 14)


# jshERP


def test_jsherp_goods(samples: Path) -> None:
    made = mapped("jsherp/goods", samples / "excel" / "jsherp" / "goods_template.xls")

    assert made.issues == []
    assert [
        (one["key"], one["name"], one["specification"], one["base_unit"], one["shelf_life_days"], one["status"])
        for one in of(made, "item")
    ] == [
        ("2001", "可乐test", "250ml kele", "XBO", 180, "active"),
        ("2011", "啤酒test", "500ml pijiu", "XBO", 360, "active"),
    ]
    stock = of(made, "inventory_balance")
    assert Counter((one["item"], one["on_hand"], one["on_hand_unit"]) for one in stock) == {
        ("2001", Decimal(10), "XBO"): 5,
        ("2011", Decimal(20), "XBO"): 5,
    }
    assert {one["location"] for one in stock} == {f"仓库{number}" for number in range(1, 6)}  # fmt: skip


def test_jsherp_vendors_keep_their_phones_digit_for_digit(samples: Path) -> None:
    made = mapped("jsherp/vendor", samples / "excel" / "jsherp" / "vendor_template.xls")

    assert made.issues == []
    assert [(one["key"], one["contact_name"], one["contact_phone"]) for one in made.records] == [
        ("供应商a", "小曹", "13000000000"),
        ("供应商b", "小张", "15000000000"),
    ]


@pytest.mark.parametrize(
    ("name", "place"), [("order_item_template.xls", None), ("buy_sale_item_template.xls", "仓库1")]
)
def test_jsherp_order_items(samples: Path, name: str, place: str | None) -> None:
    made = mapped("jsherp/order_item", samples / "excel" / "jsherp" / name, order_number="CG1")

    assert made.issues == []
    assert [
        (one["key"], one["item"], one["ordered"], one.get("location")) for one in of(made, "purchase_order_line")
    ] == [
        ("CG1|2001", "2001", Decimal(1), place),
        ("CG1|2011", "2011", Decimal(1), place),
    ]
    assert [one["key"] for one in of(made, "purchase_order")] == ["CG1"]


# OpenBoxes


def test_openboxes_purchase_orders(samples: Path) -> None:
    made = mapped(
        "openboxes/purchase_orders", samples / "excel" / "openboxes" / "purchaseOrders.xls", order_number="PO"
    )
    lines = of(made, "purchase_order_line")

    assert made.issues == []
    assert len(lines) == 136
    assert total(lines, "ordered") == 1_068_796
    assert Counter(str(one["order_number"]) for one in lines) == {
        "PO": 5, "PO-McKesson": 2, "PO-McKesson Medical": 128, "PO-Mckesson": 1,
    }  # fmt: skip
    line = next(one for one in lines if one.get("item") == "UU25")
    assert (line["partner_item_number"], line["manufacturer_item_number"], line["ordered"], line["unit_price"]) == (
        "382469", "2C7554", Decimal(428), Decimal("4.431667"),
    )  # fmt: skip
    assert len([one for one in lines if "item" not in one]) == 5  # new products


def test_openboxes_inventory_levels(samples: Path) -> None:
    path = samples / "excel" / "openboxes" / "inventoryLevelImportData.xls"
    made = mapped("openboxes/inventory_levels", path)
    balances = {str(one["item"]): one for one in of(made, "inventory_balance")}

    # 1495 products; below a gap two rows of counts ("1496", "0"), whose unit is a number
    # 1205 are counted in "each"; the places of five of these are longer than 60 letters
    each = [one for one in balances.values() if str(one["on_hand_source_unit"]).lower() == "each"]
    told = {issue.code for issue in made.issues}
    assert balances["NM89"]["on_hand"] == 1
    assert balances["ZQ94"]["on_hand"] == Decimal(-2999)
    assert (balances["ZQ94"]["minimum"], balances["ZQ94"]["bin"]) == (Decimal(1), "B11-01-C1")
    assert {"1496", "0"} & set(balances) == set()
    assert len(each) + 5 == 1205
    assert told == {"XD-UNT-001", "XD-UNT-002", "XD-TXT-001", "XD-COD-001"}


# EPCIS

EVENTS = {"records": "epcisBody.eventList"}


@pytest.mark.parametrize(
    "name",
    ["Example_9.6.1-ObjectEvent", "Example_9.6.1-ObjectEvent-with-pseudo-SBDH-headers", "Example_9.6.1-with-comment"],
)
def test_epcis_instances_are_where_they_were_seen_last(samples: Path, name: str) -> None:
    made = mapped("epcis/object_event", samples / "epcis" / f"{name}.jsonld", config=EVENTS)

    assert made.issues == []
    assert {(one["key"], one["location"]) for one in made.records} == {
        ("0614141.107346|2017", "urn:epc:id:sgln:0614141.07346.1234"),
        ("0614141.107346|2018", "urn:epc:id:sgln:0012345.11111.0"),
    }


def test_epcis_a_quantity_received(samples: Path) -> None:
    made = mapped("epcis/object_event", samples / "epcis" / "Example_9.6.2-ObjectEvent.jsonld", config=EVENTS)

    (movement,) = made.records
    assert made.issues == []
    assert (movement["kind"], movement["item"], movement["lot"], movement["moved"], movement["moved_unit"]) == (
        "receipt", "4012345.012345", "998877", Decimal(200), "KGM",
    )  # fmt: skip
    assert str(movement["happened_at"]) == "2013-06-08 14:58:56.591000+00:00"


def test_epcis_what_is_packed_together(samples: Path) -> None:
    made = mapped("epcis/aggregation_event", samples / "epcis" / "Example_9.6.3-AggregationEvent.jsonld", config=EVENTS)

    assert made.issues == []
    assert len(of(made, "serial")) == 2
    assert [(one["item"], one["moved"], one["moved_unit"]) for one in of(made, "inventory_movement")] == [
        ("4012345.012345", Decimal("200.5"), "KGM"),
        ("4012345.098765", Decimal(10), "EA"),
    ]


def test_epcis_what_is_made_of_what(samples: Path) -> None:
    made = mapped(
        "epcis/transformation_event", samples / "epcis" / "Example_9.6.4-TransformationEvent.jsonld", config=EVENTS
    )

    assert made.issues == []
    assert [one["serial_number"] for one in of(made, "serial")] == ["25", "26", "27", "28"]
    assert {(one["item"], one.get("lot"), one["moved"], one["kind"]) for one in of(made, "inventory_movement")} == {
        ("4012345.011111", "4444", Decimal(10), "production_out"),
        ("0614141.077777", "987", Decimal(30), "production_out"),
        ("4012345.066666", None, Decimal(220), "production_out"),
    }


def test_epcis_temperatures(samples: Path) -> None:
    single, stretch, bare = (
        mapped("epcis/sensor_event", samples / "epcis" / f"SensorDataExample{number}.jsonld", config=EVENTS).records
        for number in (1, 2, 3)
    )

    assert [one["celsius"] for one in single] == [Decimal("26.0"), Decimal("26.1"), Decimal("26.2")]
    assert str(single[0]["measured_at"]) == "2019-04-02 13:05:00+00:00"
    assert [(one["lowest_celsius"], one["highest_celsius"], one["celsius"]) for one in stretch] == [
        (Decimal("26.0"), Decimal("26.2"), Decimal("26.1"))
    ]
    assert [(one["device"], one["lowest_celsius"], one["highest_celsius"]) for one in bare] == [
        ("urn:epc:id:sgln:4012345.00005.0", Decimal("12.4"), Decimal("13.8"))
    ]
