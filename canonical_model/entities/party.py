"""Party: a company or person that buys, sells, carries or stores, and the people whom one reaches there."""

from canonical_model.declaration import Entity, field
from canonical_model.language import Text
from canonical_model.values import Code, Money, Ref

_NUMBERS = (
    "供应商编码",
    "供应商代码",
    "供应商编号",
    "客户编码",
    "客户代码",
    "客户编号",
    "往来单位编码",
    "vendor code",
    "supplier code",
    "customer code",
)


class Party(Entity):
    """One company or person as one source knows it."""

    label = Text("往来方", "Party")
    key = ("party_number",)

    party_number: str = field("编码", "Party number", required=True, max_length=60, aliases=_NUMBERS)
    name: str | None = field(
        "名称", "Name", aliases=("供应商名称", "供应商", "客户名称", "单位名称", "往来单位", "vendor name")
    )
    name_alternative: str | None = field("别名", "Alternative name", aliases=("简称", "英文名"))
    legal_name: str | None = field("法定名称", "Legal name", aliases=("全称", "公司全称"))
    role: Code | None = field("角色", "Role", codes="party_role", aliases=("往来类型", "单位类型"))
    uscc: str | None = field(
        "统一社会信用代码",
        "Unified social credit code",
        scheme="uscc",
        max_length=18,
        aliases=("信用代码", "税号", "社会信用代码"),
    )
    gln: str | None = field("全球位置码", "GLN", scheme="gln", max_length=13)
    duns: str | None = field("邓白氏编码", "DUNS", max_length=9)
    vat_number: str | None = field("增值税号", "VAT number", max_length=30, aliases=("纳税人识别号",))
    parent_party: Ref | None = field("上级单位", "Parent party", refers_to="party", aliases=("母公司", "集团"))
    address: str | None = field("地址", "Address", max_length=500, aliases=("联系地址", "公司地址"))
    city: str | None = field("城市", "City")
    region: str | None = field("省份", "Region", note=("ISO 3166-2", "ISO 3166-2"), aliases=("省", "州"))
    postcode: str | None = field("邮编", "Postcode", max_length=20, aliases=("邮政编码",))
    country: Code | None = field("国家", "Country", codes="country", aliases=("国别",))
    contact_name: str | None = field("联系人", "Contact")
    contact_phone: str | None = field("电话", "Phone", max_length=60, aliases=("联系电话", "手机", "手机号码"))
    contact_email: str | None = field("邮箱", "E-mail", aliases=("电子邮箱", "email"))
    payment_terms: str | None = field("付款条件", "Payment terms", aliases=("结算方式", "账期"))
    credit_limit: Money | None = field("信用额度", "Credit limit", minimum=0)
    incoterm: Code | None = field("贸易术语", "Incoterm", codes="incoterm")
    currency: Code | None = field("币种", "Currency", codes="currency", aliases=("币别", "结算币别"))
    lead_time_days: int | None = field("交货周期(天)", "Lead time in days", minimum=0, aliases=("提前期",))
    status: Code | None = field("状态", "Status", codes="party_status", aliases=("启用状态",))


class PartyContact(Entity):
    """One person at a party; personal data, masked in logs and messages."""

    label = Text("联系人", "Contact of a party")
    key = ("party_number", "name")
    parent = Party
    parent_key = ("party_number",)

    party_number: str = field("编码", "Party number", required=True, max_length=60, aliases=_NUMBERS)
    name: str = field("姓名", "Name", required=True, max_length=60, aliases=("联系人", "联系人姓名"))
    position: str | None = field("职务", "Position", max_length=60, aliases=("岗位", "职位"))
    phone: str | None = field("电话", "Phone", max_length=60, aliases=("联系电话", "手机", "手机号码"))
    email: str | None = field("邮箱", "E-mail", aliases=("电子邮箱", "email"))
    wecom_user: str | None = field("企业微信账号", "WeCom user", max_length=64, aliases=("企微账号", "userid"))
    is_primary: bool | None = field("主要联系人", "Primary contact", aliases=("默认联系人",))
