"""What happens on the way: events of carriers and readings of temperature loggers; only ever added to."""

from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Ref


class TrackingEvent(Entity):
    """One thing that a carrier says of a consignment; events come late, out of order and more than once."""

    label = Text("物流事件", "Tracking event")
    key = ("tracking_number", "carrier", "happened_at", "event_code", "place")

    tracking_number: str = field(
        "运单号", "Tracking number", required=True, max_length=60, aliases=common.TRACKING_NUMBERS
    )
    carrier: Ref | None = field("承运商", "Carrier", refers_to="party", aliases=("物流公司", "快递公司"))
    happened_at: Instant | None = field("发生时间", "Happened at", aliases=("时间", "事件时间", "操作时间"))
    event_code: str | None = field("事件代码", "Event code", max_length=60, aliases=("操作码", "opCode"))
    place: str | None = field("地点", "Place", aliases=("发生地", "所在城市", "网点"))
    status: Code | None = field("物流状态", "Status", codes="transport_status", aliases=("状态",))
    reason: str | None = field("原因", "Reason", max_length=500)
    recorded_at: Instant | None = field("记录时间", "Recorded at", aliases=("上报时间",))
    location: Ref | None = common.warehouse()
    sequence: int | None = field("序号", "Sequence", minimum=0)
    shipment_number: str | None = field("发货单号", "Shipment number", max_length=60, aliases=("送货单号",))
    package_number: str | None = field("箱号", "Package number", max_length=60, aliases=("SSCC",))
    remark: str | None = common.remark("描述", "物流信息")


class TemperatureReading(Entity):
    """One reading of one channel of a logger, or the extremes of a stretch of time."""

    label = Text("温度记录", "Temperature reading")
    key = ("device", "channel", "measured_at")

    device: str = field("设备编号", "Device", required=True, max_length=60, aliases=("设备", "记录仪", "探头编号"))
    channel: str | None = field("通道", "Channel", max_length=20)
    measured_at: Instant | None = field("测量时间", "Measured at", aliases=("时间", "记录时间", "采集时间"))
    celsius: Decimal | None = field("温度(℃)", "Temperature in °C", aliases=("温度",))
    lowest_celsius: Decimal | None = field("区间最低(℃)", "Lowest in the stretch in °C", aliases=("最低温度",))
    highest_celsius: Decimal | None = field("区间最高(℃)", "Highest in the stretch in °C", aliases=("最高温度",))
    humidity_percent: Decimal | None = field("湿度(%)", "Humidity in percent", minimum=0, aliases=("湿度",))
    limit_low_celsius: Decimal | None = field("下限(℃)", "Lower limit in °C", aliases=("温度下限",))
    limit_high_celsius: Decimal | None = field("上限(℃)", "Upper limit in °C", aliases=("温度上限",))
    is_breach: bool | None = field("是否超温", "Breach", aliases=("超温", "报警"))
    battery_percent: Decimal | None = field("电量(%)", "Battery in percent", minimum=0, aliases=("电量",))
    latitude: Decimal | None = field("纬度", "Latitude", note=("WGS-84，度", "WGS-84, degrees"))
    longitude: Decimal | None = field("经度", "Longitude", note=("WGS-84，度", "WGS-84, degrees"))
    location: Ref | None = common.warehouse()
    shipment_number: str | None = field("发货单号", "Shipment number", max_length=60, aliases=("送货单号",))
    tracking_number: str | None = field("运单号", "Tracking number", max_length=60, aliases=common.TRACKING_NUMBERS)
    package_number: str | None = field("箱号", "Package number", max_length=60, aliases=("SSCC",))
