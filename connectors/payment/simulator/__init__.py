"""Both gateways to try the connector on: a real HTTP server, a pay page that pays, and notices sent until answered.

Nothing here is secret but by name; the demo's configuration has copies. Invented people only.
"""

PARTNER = "LTHONG"
PLATFORM_SECRET = "khoa-bi-mat-thu-nghiem"  # noqa: S105
TERMINAL = "LTHONG01"
VNPAY_SECRET = "CHUOIBIMATTHUNGHIEM"  # noqa: S105
"""MaDoiTac with its key at the payment platform, and vnp_TmnCode with its key at VNPay."""

PLATFORM_ENDPOINT = "/payment"
PLATFORM_PAGE = "/thanh-toan"
VNPAY_PAGE = "/paymentv2/vpcpay.html"
VNPAY_ENDPOINT = "/merchant_webapi/api/transaction"
