"""Makes botocore.txt: the URLs that botocore 1.44.8 presigns for Amazon MSK, for fixed keys and a fixed time.

    python sign.py >botocore.txt

botocore comes with moto (infra/local/trino.sh keeps one); any version gives the same lines, because SigV4 is fixed.
"""

import datetime

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 11, 30, 12, 34, 56, tzinfo=datetime.timezone.utc)
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SESSION = "IQoJb3JpZ2luX2VjE+/=abc//+=="

# The module asks for the time by one of these names, depending on its version.
botocore.auth.get_current_datetime = lambda *_, **__: NOW


class FixedTime(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW.replace(tzinfo=None)

    @classmethod
    def now(cls, tz=None):
        return NOW.astimezone(tz) if tz else NOW.replace(tzinfo=None)


botocore.auth.datetime.datetime = FixedTime

print("# Made by sign.py with botocore: eu-west-1 without a session token; us-east-1 with one; cn-north-1 with one, for 300 s.")
for region, session, seconds in [("eu-west-1", None, 900), ("us-east-1", SESSION, 900), ("cn-north-1", SESSION, 300)]:
    url = f"https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect"
    request = AWSRequest(method="GET", url=url)
    signer = botocore.auth.SigV4QueryAuth(Credentials(KEY, SECRET, session), "kafka-cluster", region, expires=seconds)
    signer.add_auth(request)
    print(request.url)
