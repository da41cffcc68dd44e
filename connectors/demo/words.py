"""What the demo says to a person, in Vietnamese and English."""

from __future__ import annotations

from typing import Literal

Lang = Literal["vi", "en"]

SENTENCES: dict[Lang, dict[str, str]] = {
    "vi": {
        "start": "{dossiers:,} hồ sơ (seed {seed}) qua một cửa, dân cư, thanh toán, bưu chính và ba cơ quan; dữ liệu ở"
        " {data}",
        "services": "Đang chạy: {names}",
        "going": "  {final:,}/{dossiers:,} hồ sơ đã xong, {published:,} sự kiện, còn {lag:,} lượt phải xử lý",
        "bar": "Hồ sơ đã xong",
        "poison": "Đã gửi một bản ghi hỏng vào dossier.events: không ai giải mã được, nó phải vào thư chết",
        "killed": "kill -9 tiến trình của công an ({pid}); tồn {backlog:,} bản ghi",
        "caught_up": "Công an đã chạy lại và xử lý hết: tồn nhiều nhất {backlog:,} bản ghi, sau {seconds:.1f} giây",
        "stuck": "Không tiến thêm trong {seconds:.0f} giây: {final:,}/{dossiers:,} hồ sơ đã xong, {untold:,} việc của"
        " đối tác chưa lên trục, còn {lag:,} lượt phải xử lý, {owed:,} việc đối tác còn nợ",
        "service": "  {name}: chạy lại {restarts} lần; {reason}",
        "broken": "Đã cố ý làm hỏng: {what}",
        "ended": "Xong sau {seconds:.1f} giây: {published:,} sự kiện, {rate:,.0f} sự kiện một giây. Dừng mọi tiến"
        " trình.",
        "early": "Dừng giữa chừng. Chạy tiếp: {command}",
        "story": "Câu chuyện của một hồ sơ: lienthong dossier history {code}\n",
        "books": "Sổ đối chiếu: kho của đối tác và cơ quan một bên, nhật ký của trục và sổ giao nhận một bên\n",
        "passed_over": "Bản ghi phát lại đã bỏ qua, không ai làm gì vì chúng: {groups}",
        "balanced": "Sổ khớp.",
        "unbalanced": "Sổ KHÔNG khớp.",
        "further": "\nXem thêm:",
    },
    "en": {
        "start": "{dossiers:,} dossiers (seed {seed}) through one-stop system, population database, payment, post and"
        " three agencies; data in {data}",
        "services": "Running: {names}",
        "going": "  {final:,} of {dossiers:,} dossiers final, {published:,} events, {lag:,} still to be handled",
        "bar": "Dossiers final",
        "poison": "A spoiled record was put on dossier.events: nobody can decode it, it has to become a dead letter",
        "killed": "kill -9 of the police's process ({pid}); {backlog:,} records behind",
        "caught_up": "The police are up again and have caught up: at most {backlog:,} records behind, {seconds:.1f} s",
        "stuck": "No progress for {seconds:.0f} s: {final:,} of {dossiers:,} dossiers final, {untold:,} facts of"
        " partners not on the bus, {lag:,} still to be handled, {owed:,} still owed by partners",
        "service": "  {name}: started again {restarts} times; {reason}",
        "broken": "Broken on purpose: {what}",
        "ended": "Done in {seconds:.1f} s: {published:,} events, {rate:,.0f} a second. Ending all processes.",
        "early": "Ended early. Go on with: {command}",
        "story": "The story of one dossier: lienthong dossier history {code}\n",
        "books": "The books: stores of partners and agencies on one side, the log and the ledger on the other\n",
        "passed_over": "Replayed records passed over, and nothing done because of them: {groups}",
        "balanced": "The books balance.",
        "unbalanced": "The books DO NOT balance.",
        "further": "\nLook further:",
    },
}

NUMBERS: dict[Lang, dict[str, str]] = {
    "vi": {
        "dossiers": "hồ sơ một cửa đã nhận", "published": "sự kiện trên trục",
        "delivered": "lượt xử lý đã xong, cộng mọi nhóm", "deduplicated": "lần lặp lại không gây tác dụng",
        "dead_lettered": "thư chết", "lost": "mất", "out_of_order": "sai thứ tự",
        "duplicate_effects": "tác dụng hai lần", "elapsed_s": "giây", "events_per_s": "sự kiện một giây",
        "book": "sổ", "number": "số", "group": "nhóm", "group_subscribed": "phải xử lý", "group_delivered": "đã xong",
        "group_dead_lettered": "vào thư chết",
    },
    "en": {
        "dossiers": "dossiers accepted by the one-stop system", "published": "events on the bus",
        "delivered": "deliveries done, over all groups", "deduplicated": "repeats that changed nothing",
        "dead_lettered": "dead letters", "lost": "lost", "out_of_order": "out of order",
        "duplicate_effects": "effects done twice", "elapsed_s": "seconds", "events_per_s": "events a second",
        "book": "book", "number": "number", "group": "group", "group_subscribed": "to handle",
        "group_delivered": "done", "group_dead_lettered": "dead letters",
    },
}  # fmt: skip

FAULTS: dict[Lang, dict[str, str]] = {
    "vi": {
        "lost-answer": "câu trả lời bị mất sau khi đối tác đã làm", "repeated": "thông báo thanh toán bị gửi lặp",
        "delayed": "thông báo đến chậm", "never-sent": "thông báo không bao giờ được gửi",
        "outage": "lần bưu chính ngừng phục vụ", "bad-row": "dòng không ai hiểu được",
    },
    "en": {
        "lost-answer": "answers lost after the partner had acted", "repeated": "payment notices sent again and again",
        "delayed": "notices delayed", "never-sent": "notices never sent", "outage": "outage of the post",
        "bad-row": "rows that nobody can map",
    },
}  # fmt: skip
"""What simulators do on purpose, by the name under which they remember it."""
