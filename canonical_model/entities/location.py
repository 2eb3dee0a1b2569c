"""Location: a plant, warehouse, bin, store or port."""

from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.language import Text
from canonical_model.values import Code, Ref


class Location(Entity):
    """One place where goods lie or go, as one source knows it."""

    label = Text("地点", "Location")
    key = ("location_number",)

    location_number: str = field(
        "地点编码",
        "Location number",
        required=True,
        max_length=60,
        aliases=("仓库编码", "仓库代码", "库位编码", "门店编码", "工厂编码"),
    )
    name: str | None = field("名称", "Name", aliases=("仓库名称", "仓库", "库位", "门店名称", "工厂名称"))
    kind: Code | None = field("类型", "Kind", codes="location_kind", aliases=("仓库类型", "地点类型"))
    gln: str | None = field("全球位置码", "GLN", scheme="gln", max_length=13)
    gln_extension: str | None = field("位置码扩展", "GLN extension", note=("GS1 AI 254", "GS1 AI 254"), max_length=20)
    parent_location: Ref | None = field(
        "上级地点", "Parent location", refers_to="location", aliases=("上级仓库", "所属仓库")
    )
    owner: Ref | None = field("货主", "Owner", refers_to="party")
    operator: Ref | None = field("运营方", "Operator", refers_to="party")
    address: str | None = field("地址", "Address", max_length=500, aliases=("仓库地址", "详细地址"))
    city: str | None = field("城市", "City")
    region: str | None = field("省份", "Region", note=("ISO 3166-2", "ISO 3166-2"), aliases=("省", "州"))
    postcode: str | None = field("邮编", "Postcode", max_length=20, aliases=("邮政编码",))
    country: Code | None = field("国家", "Country", codes="country")
    latitude: Decimal | None = field("纬度", "Latitude", note=("WGS-84，度", "WGS-84, degrees"))
    longitude: Decimal | None = field("经度", "Longitude", note=("WGS-84，度", "WGS-84, degrees"))
    timezone: str | None = field("时区", "Time zone", note=("IANA 名称", "IANA name"), max_length=60)
    calendar: str | None = field("工作日历", "Calendar", max_length=60)
    temperature_class: Code | None = field("温区", "Temperature class", codes="temperature_class")
    is_bonded: bool | None = field("保税", "Bonded")
    is_nettable: bool | None = field("参与可用量", "Nettable")
    status: Code | None = field("状态", "Status", codes="location_status")
