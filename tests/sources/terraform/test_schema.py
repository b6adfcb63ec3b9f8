import subprocess
import sys

from guardrails.sources.terraform.schema import (
    Attribute,
    known_types,
    provider_schema,
    resource_schema,
    schema_version,
)


def test_attributes_carry_type_and_flags() -> None:
    """An attribute has the provider's type and says who sets it."""
    bucket = resource_schema("aws_s3_bucket")

    assert bucket is not None
    assert bucket.attributes["bucket"] == Attribute("string", optional=True, computed=True)
    assert bucket.attributes["arn"] == Attribute("string", computed=True)
    assert bucket.attributes["tags"] == Attribute(("map", "string"), optional=True)


def test_secrets_are_marked() -> None:
    """A password is sensitive, its write-only twin is write-only too."""
    database = resource_schema("aws_db_instance")

    assert database is not None
    assert database.attributes["password"].sensitive
    assert database.attributes["password_wo"].write_only


def test_blocks_nest_with_their_limits() -> None:
    """A nested block tells its nesting, how often it may occur, and its own schema."""
    instance = resource_schema("aws_instance")

    assert instance is not None
    options = instance.blocks["metadata_options"]
    assert (options.nesting, options.min_items, options.max_items) == ("list", 0, 1)
    assert options.schema.attributes["http_tokens"] == Attribute("string", optional=True, computed=True)
    assert instance.blocks["timeouts"].nesting == "single"
    assert instance.blocks["ebs_block_device"].nesting == "set"


def test_blocks_of_the_provider_are_told_apart() -> None:
    """A block that the provider fills in is computed, one that only the configuration gives is not."""
    for type_, computed, given in (
        ("aws_iam_role", {"inline_policy"}, set()),
        ("aws_instance", {"metadata_options", "ebs_block_device"}, {"launch_template"}),
        ("aws_s3_bucket", {"versioning", "logging"}, set()),
        ("aws_lb_target_group", {"stickiness"}, set()),
        ("aws_s3_bucket_lifecycle_configuration", set(), {"rule"}),
        ("aws_dynamodb_table", set(), {"attribute"}),
    ):
        schema = resource_schema(type_)
        assert schema is not None
        assert {name for name in computed | given if schema.blocks[name].computed} == computed


def test_attributes_in_block_syntax_stay_attributes() -> None:
    """The rules of a security group are an attribute: a set of objects."""
    group = resource_schema("aws_security_group")

    assert group is not None
    match group.attributes["ingress"].type:
        case ("set", ("object", fields)):
            assert fields["cidr_blocks"] == ("list", "string")
            assert fields["self"] == "bool"
        case other:
            raise AssertionError(other)
    assert "ingress" not in group.blocks


def test_data_sources_are_apart_from_resources() -> None:
    """`aws_iam_policy_document` is a data source alone, and `aws_vpc` differs between the two."""
    assert resource_schema("aws_iam_policy_document") is None
    document = resource_schema("aws_iam_policy_document", "data")
    assert document is not None
    assert document.blocks["statement"].schema.blocks["condition"].schema.attributes["values"].required
    assert resource_schema("aws_vpc") != resource_schema("aws_vpc", "data")


def test_what_the_provider_lacks_is_none() -> None:
    """A type of another provider or a misspelt one has no schema."""
    assert resource_schema("google_compute_instance") is None
    assert resource_schema("aws_s3_buckets", "data") is None


def test_every_type_can_be_read() -> None:
    """Each type, with all blocks below it, decodes."""
    assert len(known_types()) == 1526
    assert len(known_types("data")) == 608
    seen = set()
    for schema in [
        *(resource_schema(name) for name in known_types()),
        *(resource_schema(name, "data") for name in known_types("data")),
    ]:
        assert schema is not None
        open_ = [schema]
        while open_:
            for block in open_.pop().blocks.values():
                if block.offset not in seen:
                    seen.add(block.offset)
                    open_.append(block.schema)


def test_provider_block_and_version() -> None:
    """The provider's own arguments are there, and the data say what they describe."""
    assert provider_schema().attributes["region"] == Attribute("string", optional=True)
    assert provider_schema().blocks["default_tags"].nesting == "list"
    assert schema_version()[0] == "5.100.0"


def test_reading_one_type_decodes_nothing_else() -> None:
    """The index says where each type stands."""
    code = (
        "import guardrails.sources.terraform.schema as s; s.known_types(); s.resource_schema('aws_db_instance');"
        "print(s._block.cache_info().currsize)"
    )
    assert int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) == 1
