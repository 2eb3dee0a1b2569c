"""Location: a plant, warehouse, bin, store or port."""

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
        aliases=("仓库编码", "仓库代码", "库位编码"),
    )
    name: str | None = field("名称", "Name", aliases=("仓库名称", "仓库", "库位"))
    kind: Code | None = field("类型", "Kind", codes="location_kind", aliases=("仓库类型",))
    gln: str | None = field("全球位置码", "GLN", scheme="gln", max_length=13)
    parent_location: Ref | None = field("上级地点", "Parent location", refers_to="location")
    owner: Ref | None = field("货主", "Owner", refers_to="party")
    operator: Ref | None = field("运营方", "Operator", refers_to="party")
    address: str | None = field("地址", "Address", max_length=500)
    country: Code | None = field("国家", "Country", codes="country")
    timezone: str | None = field("时区", "Time zone", note=("IANA 名称", "IANA name"), max_length=60)
    is_bonded: bool | None = field("保税", "Bonded")
    is_nettable: bool | None = field("参与可用量", "Nettable")
    status: Code | None = field("状态", "Status", codes="location_status")
