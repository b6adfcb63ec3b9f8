from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Model, Severity

CONTACT = """resource "aws_account_alternate_contact" "security" {
  alternate_contact_type = "SECURITY"
  name                   = "TEAM"
  title                  = "TEAM"
  email_address          = "ADDRESS"
  phone_number           = "TELEPHONE"
}"""


class AccountWithoutSecurityContact(Check[Model]):
    """AWS knows nobody to call about the security of an account.

    ## Why is this bad?
    When AWS sees an account's key on the internet or its machines attack somebody, it writes to the security contact.
    Without one the mail goes to the root user's address, which often nobody reads, and after a while AWS restricts
    the account.
    """

    id = "account-without-security-contact"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Make an `aws_account_alternate_contact` of type `SECURITY` with an address that a team reads."
    references = ("https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-contact-alternate.html",)
    compliance = ("CIS-AWS-3.0:1.2", "AWS-FSBP:Account.1")
    examples = (
        Example(
            bad="""
            {"complete": ["aws_account_alternate_contact"]} # finding
            """,
            fixed="""
            {"type": "aws_account_alternate_contact", "name": "SECURITY", "values": {
              "alternate_contact_type": "SECURITY", "email_address": "security@example.com"
            }}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account":
            return
        contacts = subject.resources("aws_account_alternate_contact")
        if not any(contact.text("alternate_contact_type") == "SECURITY" for contact in contacts):
            yield self.finding(
                subject,
                "it has no security contact",
                fix=Fix(
                    "Name the contact",
                    terraform=CONTACT,
                    cli="aws account put-alternate-contact --alternate-contact-type SECURITY --name TEAM --title TEAM"
                    " --email-address ADDRESS --phone-number TELEPHONE",
                ),
            )
