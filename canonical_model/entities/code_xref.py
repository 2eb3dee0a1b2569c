"""Code cross-reference: which source's code means which golden party, item or location."""

from datetime import date
from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.language import Text
from canonical_model.values import Code


class CodeXref(Entity):
    """One source code tied to one golden identity, with who said so and why."""

    label = Text("编码对照", "Code cross-reference")
    key = ("entity_type", "system", "scheme", "raw_code")

    entity_type: Code = field("对象", "Entity", codes="xref_entity", required=True)
    system: str = field("系统", "System", note=("数据源或伙伴", "a source or partner"), required=True, max_length=60)
    scheme: Code = field("编码体系", "Scheme", codes="xref_scheme", required=True)
    raw_code: str = field("原编码", "Code as received", required=True, max_length=60)
    norm_code: str | None = field("规范编码", "Normalised code", max_length=60)
    golden_id: str = field(
        "统一标识", "Golden identity", note=("UUID", "UUID"), required=True, scheme="uuid", max_length=36
    )
    state: Code = field("状态", "State", codes="xref_state", required=True)
    method: Code | None = field("方法", "Method", codes="xref_method")
    score: Decimal | None = field("相似度", "Score", note=("0 到 1", "0 to 1"), minimum=0)
    evidence: str | None = field("依据", "Evidence", max_length=2000)
    decided_by: str | None = field("确认人", "Decided by", max_length=60)
    valid_from: date | None = field("生效日", "Valid from")
    valid_to: date | None = field("失效日", "Valid to")
