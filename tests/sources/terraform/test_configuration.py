"""Configuration as models: what resources hold, which instances there are, and how modules and providers connect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from guardrails.model import Model, Ref, Resource, Sensitive, Symbolic, Unknown, UnknownValue
from guardrails.sources import InputError, ReadOptions, read
from guardrails.sources.terraform.tree import DEPTH

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write files below an empty folder, where the user stands then."""
    monkeypatch.chdir(tmp_path)

    def make(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def model_of(text: str, write: Write, **more: str) -> Model:
    """The model of one root module."""
    write({"main.tf": text, **{name.replace("__", "/"): each for name, each in more.items()}})
    found = {model.name: model for model in read([Path()])}
    return found["."]


def at(model: Model, address: str) -> Resource:
    """The resource with this address."""
    found = model.at(address)
    assert found is not None, address
    assert found.address == address
    return found


def messages(model: Model) -> list[str]:
    """What went wrong, after everything was evaluated."""
    for resource in model.all():
        for name in resource.values:
            resource.raw(name)
    return [problem.message for problem in model.problems]


# Resources


def test_attributes_have_the_types_of_the_schema(write: Write) -> None:
    """Values are converted, what only the provider sets is symbolic, and what is not set is null."""
    model = model_of(
        'resource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n  enable_dns_support = "true"\n}\n', write
    )
    vpc = at(model, "aws_vpc.v")

    assert vpc.raw("enable_dns_support") is True
    assert vpc.raw("arn") == Symbolic(Ref("aws_vpc.v", "arn"))
    assert vpc.raw("enable_network_address_usage_metrics") == UnknownValue(
        "known after apply", (Ref("aws_vpc.v", "enable_network_address_usage_metrics"),)
    ) or isinstance(vpc.raw("enable_network_address_usage_metrics"), UnknownValue)
    assert vpc.raw("ipv4_ipam_pool_id") is None
    assert "id" in vpc.values
    assert "nonsense" not in vpc.values


def test_nested_blocks_are_lists_of_objects(write: Write) -> None:
    """Their attributes follow the schema; one that is absent is an empty list, or left to the provider."""
    model = model_of(
        'resource "aws_instance" "i" {\n  root_block_device {\n    encrypted = true\n  }\n}\n'
        'resource "aws_lb" "l" {}\n',
        write,
    )
    instance = at(model, "aws_instance.i")
    (device,) = instance.blocks("root_block_device")

    assert device.flag("encrypted") is True
    assert device.raw("volume_id") == Symbolic(Ref("aws_instance.i", "root_block_device.0.volume_id"))
    assert list(instance.blocks("ebs_block_device")) == []
    assert not instance.is_set("ebs_block_device")
    assert at(model, "aws_lb.l").raw("access_logs") == []


def test_attribute_syntax_gives_the_same_as_blocks(write: Write) -> None:
    """`ingress = [{...}]` and `ingress {...}` are one thing."""
    rule = 'from_port = 1\n to_port = 2\n protocol = 6\n cidr_blocks = ["10.0.0.0/8"]\n'
    null = (
        "description = null\n ipv6_cidr_blocks = null\n prefix_list_ids = null\n security_groups = null\n self = null\n"
    )
    model = model_of(
        f'resource "aws_security_group" "a" {{\n ingress {{\n {rule} }}\n}}\n'
        f'resource "aws_security_group" "b" {{\n ingress = [{{\n {rule} {null} }}]\n}}\n',
        write,
    )

    assert at(model, "aws_security_group.a").raw("ingress") == at(model, "aws_security_group.b").raw("ingress")
    assert messages(model) == []


def test_sensitive_attributes_are_marked(write: Write) -> None:
    """What the schema calls sensitive is, and what a sensitive variable makes."""
    model = model_of(
        'variable "name" {\n  default = "n"\n  sensitive = true\n}\n'
        'resource "aws_db_instance" "d" {\n  password = "hunter2"\n  identifier = "db-${var.name}"\n}\n',
        write,
    )
    database = at(model, "aws_db_instance.d")

    assert database.raw("password") == Sensitive("hunter2")
    assert database.raw("identifier") == Sensitive("db-n")


def test_references_give_configured_values_and_name_others(write: Write) -> None:
    """A configured attribute is its value; a computed one, at any depth, is symbolic."""
    model = model_of(
        """
        resource "aws_eks_cluster" "c" {
          name = "one"
        }
        resource "aws_iam_policy" "p" {
          name        = "${aws_eks_cluster.c.name}-policy"
          description = aws_eks_cluster.c.identity[0].oidc[0].issuer
          policy      = jsonencode({ Resource = aws_eks_cluster.c.arn })
        }
        """,
        write,
    )
    policy = at(model, "aws_iam_policy.p")

    assert policy.raw("name") == "one-policy"
    assert policy.raw("description") == Symbolic(Ref("aws_eks_cluster.c", "identity.0.oidc.0.issuer"))
    assert policy.raw("policy") == Symbolic('{"Resource":"', Ref("aws_eks_cluster.c", "arn"), '"}')


def test_types_that_are_not_known_keep_what_is_written(write: Write) -> None:
    """A resource of another provider has its arguments; anything else of it can be referred to."""
    model = model_of(
        'resource "random_pet" "p" {\n  length = 2\n  keepers {\n    a = 1\n  }\n}\n'
        'resource "aws_s3_bucket" "b" {\n  bucket = "b-${random_pet.p.id}"\n}\n',
        write,
    )

    assert dict(at(model, "random_pet.p").values) == {"length": 2, "keepers": [{"a": 1}]}
    assert at(model, "aws_s3_bucket.b").raw("bucket") == Symbolic("b-", Ref("random_pet.p", "id"))


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('resource "aws_vpc" "v" {\n  nonsense = 1\n}', 'aws_vpc v: there is no argument "nonsense"', 2),
        ('resource "aws_vpc" "v" {\n  nonsense {}\n}', 'aws_vpc v: there is no nested block "nonsense"', 2),
        (
            'resource "aws_vpc" "v" {\n  cidr_block = var.nope\n}',
            'var.nope: no variable "nope" is declared in .',
            2,
        ),
        (
            'resource "aws_vpc" "v" {\n  cidr_block = aws_vpc.w.cidr_block\n}',
            "aws_vpc.w.cidr_block: aws_vpc.w is not declared in .",
            2,
        ),
        (
            'resource "aws_vpc" "v" {\n  cidr_block = []\n}',
            '"cidr_block" is not suitable: string required',
            2,
        ),
        (
            'resource "aws_vpc" "v" {\n  tags = {\n    a = upper(1, 2)\n  }\n}',
            'Function "upper" expects only 1 argument(s).',
            3,
        ),
        (
            'locals {\n  a = local.b\n  b = local.a\n}\nresource "aws_vpc" "v" {\n  cidr_block = local.a\n}',
            "local.a: local.a refers to itself",
            3,
        ),
        (
            (
                'resource "aws_vpc" "v" {\n  cidr_block = aws_vpc.w.cidr_block\n}\n'
                'resource "aws_vpc" "w" {\n  cidr_block = aws_vpc.v.cidr_block\n}'
            ),
            "aws_vpc.v.cidr_block: aws_vpc.v.cidr_block depends on itself",
            5,
        ),
        ('resource "aws_vpc" "v" {\n  count = -1\n}', "count must be a whole number that is not negative", 2),
        (
            'resource "aws_vpc" "v" {\n  for_each = ["a"]\n}',
            "for_each must be a map or a set of strings, not a list or tuple",
            2,
        ),
        ('resource "aws_vpc" "v" {}\nresource "aws_vpc" "v" {}', "aws_vpc.v is declared twice", 2),
    ],
)
def test_what_terraform_refuses_is_a_problem_with_its_place(write: Write, text: str, message: str, line: int) -> None:
    """Everything else goes on."""
    model = model_of(text + '\nresource "aws_s3_bucket" "b" {\n  bucket = "x"\n}\n', write)

    assert messages(model) == [message]
    assert getattr(model.problems[0].location, "line", 0) == line
    assert at(model, "aws_s3_bucket.b").raw("bucket") == "x"


def test_arguments_of_a_newer_provider_are_taken(write: Write) -> None:
    """Where the lock file names a version after the one that is known, unknown arguments are no mistake."""
    text = 'resource "aws_s3_bucket" "b" {\n  bucket = "x"\n  novelty = "y"\n}\n'
    lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "6.2.0"\n}\n'
    write({".terraform.lock.hcl": lock})
    model = model_of(text, write)

    assert messages(model) == []
    assert at(model, "aws_s3_bucket.b").raw("novelty") == "y"


def test_tags_of_the_provider_are_added(write: Write) -> None:
    """`tags_all` is made of `default_tags` and the resource's own tags, which win."""
    model = model_of(
        'provider "aws" {\n  default_tags {\n    tags = { a = "1", b = "1" }\n  }\n}\n'
        'resource "aws_vpc" "v" {\n  tags = { b = "2" }\n}\n',
        write,
    )

    assert at(model, "aws_vpc.v").raw("tags_all") == {"a": "1", "b": "2"}


# Instances


def test_count_and_for_each_make_instances(write: Write) -> None:
    """Each has its address, and `count.index`, `each.key` and `each.value` in it."""
    model = model_of(
        """
        resource "aws_s3_bucket" "c" {
          count  = 2
          bucket = "c-${count.index}"
        }
        resource "aws_s3_bucket" "e" {
          for_each = { "a.b" = "x", c = "y" }
          bucket   = "${each.key}-${each.value}"
        }
        resource "aws_s3_bucket" "none" {
          count = 0
        }
        """,
        write,
    )

    assert {resource.address: resource.raw("bucket") for resource in model.all("aws_s3_bucket")} == {
        "aws_s3_bucket.c[0]": "c-0",
        "aws_s3_bucket.c[1]": "c-1",
        'aws_s3_bucket.e["a.b"]': "a.b-x",
        'aws_s3_bucket.e["c"]': "c-y",
    }


def test_an_unknown_count_gives_one_conditional_instance(write: Write) -> None:
    """It says why it may not exist; what refers to it is linked with it, and what splats go through is unknown."""
    model = model_of(
        """
        variable "n" {}
        resource "aws_s3_bucket" "b" {
          count  = var.n
          bucket = "b"
        }
        resource "aws_s3_object" "o" {
          bucket = aws_s3_bucket.b[0].id
          tags   = { all = join(",", aws_s3_bucket.b[*].id) }
        }
        """,
        write,
    )
    bucket = at(model, "aws_s3_bucket.b[*]")
    target = at(model, "aws_s3_object.o")

    assert bucket.conditional == "count of aws_s3_bucket.b is unknown: var.n has no value"
    assert bucket.raw("bucket") == "b"
    assert model.resolve(target.raw("bucket"), "aws_s3_bucket") is bucket
    with pytest.raises(Unknown, match=r"var\.n has no value"):
        target.text("tags", "all")
    with pytest.raises(Unknown, match="may exist"):
        list(model.resources("aws_s3_bucket"))


def test_elements_of_a_list_that_terraform_reads_have_names(write: Write) -> None:
    """How many zones are taken is known, though not which."""
    model = model_of(
        """
        data "aws_availability_zones" "here" {}
        locals {
          zones = slice(data.aws_availability_zones.here.names, 0, 2)
        }
        resource "aws_subnet" "s" {
          count             = length(local.zones)
          availability_zone = local.zones[count.index]
        }
        """,
        write,
    )

    assert [subnet.raw("availability_zone") for subnet in model.all("aws_subnet")] == [
        Symbolic(Ref("data.aws_availability_zones.here", "names.0")),
        Symbolic(Ref("data.aws_availability_zones.here", "names.1")),
    ]


def test_a_whole_resource_can_be_passed_on(write: Write) -> None:
    """To a module, which asks it for what it needs."""
    model = model_of(
        """
        resource "aws_vpc" "v" {
          count      = 1
          cidr_block = "10.0.0.0/16"
        }
        module "m" {
          source = "./m"
          vpc    = try(aws_vpc.v[0], null)
        }
        """,
        write,
        **{
            "m/main.tf": 'variable "vpc" {\n  type = object({ id = string, cidr_block = string })\n}\n'
            'resource "aws_subnet" "s" {\n  vpc_id = var.vpc.id\n  cidr_block = var.vpc.cidr_block\n}\n'
        },
    )
    subnet = at(model, "module.m.aws_subnet.s")

    assert subnet.raw("cidr_block") == "10.0.0.0/16"
    assert model.resolve(subnet.raw("vpc_id"), "aws_vpc") is at(model, "aws_vpc.v[0]")


def test_for_each_over_partly_unknown_keys_keeps_the_known_ones(write: Write) -> None:
    """The known instances are certain, and one stands for the others."""
    model = model_of(
        """
        resource "aws_vpc" "v" {}
        resource "aws_s3_bucket" "b" {
          for_each = toset(["a", aws_vpc.v.id])
          bucket   = each.key
        }
        """,
        write,
    )

    assert [(b.address, b.conditional != "") for b in model.all("aws_s3_bucket")] == [
        ('aws_s3_bucket.b["a"]', False),
        ("aws_s3_bucket.b[*]", True),
    ]


def test_too_many_instances_are_one_that_is_undecided(write: Write) -> None:
    """A count or for_each of a million is not expanded."""
    model = model_of(
        """
        resource "aws_vpc" "c" {
          count = 1000000
        }
        resource "aws_vpc" "e" {
          for_each = { for pair in setproduct(range(1000), range(1000)) : "${pair[0]}-${pair[1]}" => 1 }
        }
        """,
        write,
    )

    assert [vpc.address for vpc in model.all("aws_vpc")] == ["aws_vpc.c[*]", "aws_vpc.e[*]"]
    assert all(vpc.conditional for vpc in model.all("aws_vpc"))


def test_dynamic_blocks_are_expanded(write: Write) -> None:
    """Nested ones, with iterators of other names; over an unknown value they stand for any number of blocks."""
    model = model_of(
        """
        variable "x" {}
        locals {
          rules = { ssh = { port = 22, from = ["10.0.0.0/8"] } }
        }
        resource "aws_security_group" "g" {
          dynamic "ingress" {
            for_each = local.rules
            iterator = rule
            content {
              description = rule.key
              from_port   = rule.value.port
              to_port     = rule.value.port
              protocol    = "tcp"
              cidr_blocks = rule.value.from
            }
          }
          dynamic "egress" {
            for_each = var.x
            content {
              from_port = egress.value
            }
          }
        }
        resource "aws_lb_listener_rule" "r" {
          dynamic "action" {
            for_each = [["a", "b"]]
            content {
              type = "forward"
              dynamic "forward" {
                for_each = [1]
                content {
                  dynamic "target_group" {
                    for_each = action.value
                    content {
                      arn = "${target_group.value}-${forward.value}-${target_group.key}"
                    }
                  }
                }
              }
            }
          }
        }
        """,
        write,
    )
    group = at(model, "aws_security_group.g")
    rule = at(model, "aws_lb_listener_rule.r")
    (ingress,) = group.blocks("ingress")

    assert (ingress.text("description"), ingress.number("from_port")) == ("ssh", 22)
    assert group.raw("egress") == [
        UnknownValue('for_each of the dynamic "egress" is unknown: var.x has no value', (), many=True)
    ]
    assert [t.text("arn") for t in rule.blocks("action", 0, "forward", 0, "target_group")] == ["a-1-0", "b-1-1"]


# Modules


def test_modules_are_evaluated_through_their_calls(write: Write) -> None:
    """Arguments go in, outputs come out, each instance has its own address, and defaults and types hold."""
    model = model_of(
        """
        module "net" {
          source   = "./net"
          for_each = toset(["a", "b"])
          name     = each.key
          options  = { size = "3" }
        }
        resource "aws_s3_bucket" "b" {
          bucket = module.net["b"].label
          tags   = { for key, net in module.net : key => net.vpc }
        }
        """,
        write,
        net__main_tf="",
        **{
            "net/main.tf": """
            variable "name" {
              type = string
            }
            variable "options" {
              type = object({ size = number, kind = optional(string, "small") })
            }
            resource "aws_vpc" "v" {
              tags = { Name = "${var.name}-${var.options.size}-${var.options.kind}" }
            }
            output "label" {
              value = aws_vpc.v.tags.Name
            }
            output "vpc" {
              value = aws_vpc.v.id
            }
            """
        },
    )
    bucket = at(model, "aws_s3_bucket.b")

    assert [vpc.address for vpc in model.all("aws_vpc")] == ['module.net["a"].aws_vpc.v', 'module.net["b"].aws_vpc.v']
    assert bucket.raw("bucket") == "b-3-small"
    assert bucket.raw("tags", "a") == Symbolic(Ref('module.net["a"].aws_vpc.v', "id"))


def test_a_module_that_is_not_there_is_a_gap(write: Write) -> None:
    """Its outputs are unknown, and "there is none" cannot be said any more."""
    model = model_of(
        'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n'
        'resource "aws_subnet" "s" {\n  vpc_id = module.vpc.vpc_id\n}\n',
        write,
    )

    assert [gap.reason for gap in model.gaps] == ['module "vpc" is not installed']
    assert messages(model) == ['module "vpc" is not installed']
    assert at(model, "aws_subnet.s").raw("vpc_id") == UnknownValue('module "vpc" is not installed')
    with pytest.raises(Unknown, match="not installed"):
        list(model.resources("aws_flow_log"))


def test_installed_modules_are_found_by_the_manifest(write: Write) -> None:
    """Modules from a registry, and those that they call, are where Terraform put them."""
    manifest = """{"Modules": [{"Key": "", "Source": "", "Dir": "."},
        {"Key": "vpc", "Source": "registry.terraform.io/x/vpc/aws", "Dir": ".terraform/modules/vpc"},
        {"Key": "vpc.inner", "Source": "git::https://x", "Dir": ".terraform/modules/vpc.inner"}]}"""
    model = model_of(
        'module "vpc" {\n  source = "x/vpc/aws"\n}\n',
        write,
        **{
            ".terraform/modules/modules.json": manifest,
            ".terraform/modules/vpc/main.tf": 'module "inner" {\n  source = "git::https://x"\n}\n',
            ".terraform/modules/vpc.inner/main.tf": 'resource "aws_vpc" "v" {}\n',
        },
    )

    assert [vpc.address for vpc in model.all("aws_vpc")] == ["module.vpc.module.inner.aws_vpc.v"]
    assert model.files == (
        "main.tf",
        ".terraform/modules/vpc/main.tf",
        ".terraform/modules/vpc.inner/main.tf",
    )


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"main.tf": 'module "m" {\n  source = "./gone"\n}\n'}, 'module "m": there is no module in ./gone'),
        (
            {"main.tf": 'module "m" {\n  source = "../../../../../../../etc"\n}\n'},
            'module "m" is outside of the scanned tree',
        ),
        ({"main.tf": 'module "m" {\n  source = "."\n}\n'}, 'module "m" calls itself'),
        ({"main.tf": 'module "m" {\n  source = var.x\n}\n'}, 'module "m" has no source that is known'),
        (
            {"main.tf": 'module "m" {\n  source = "./0"\n}\n'}
            | {
                f"{'/'.join(map(str, range(i + 1)))}/main.tf": f'module "m" {{\n  source = "./{i + 1}"\n}}\n'
                for i in range(40)
            },
            f'module "m" is nested more than {DEPTH} calls deep',
        ),
    ],
)
def test_calls_that_lead_nowhere_are_told(write: Write, files: Mapping[str, str], reason: str) -> None:
    """The reason is a problem and a gap."""
    write(files)
    model = read([Path()])[0]

    assert reason in [problem.message for problem in model.problems]
    assert reason in [gap.reason for gap in model.gaps]


def test_arguments_of_a_module_are_checked(write: Write) -> None:
    """One too many and one too few are problems at the call."""
    model = model_of(
        'module "m" {\n  source = "./m"\n  wrong = 1\n}\n',
        write,
        **{"m/main.tf": 'variable "right" {}\nresource "aws_vpc" "v" {\n  cidr_block = var.right\n}\n'},
    )

    assert messages(model) == [
        'module "m": there is no variable "wrong" in m',
        'the argument "right" of module.m is missing',
    ]
    assert at(model, "module.m.aws_vpc.v").raw("cidr_block") == UnknownValue("module.m.var.right has no value")


# Providers


def test_provider_configurations_reach_their_resources(write: Write) -> None:
    """By default, by alias, handed on to a module by name, and inherited."""
    model = model_of(
        """
        variable "region" {
          default = "eu-west-1"
        }
        provider "aws" {
          region = var.region
        }
        provider "aws" {
          alias  = "us"
          region = "us-east-1"
        }
        resource "aws_vpc" "default" {}
        resource "aws_vpc" "us" {
          provider = aws.us
        }
        module "inherits" {
          source = "./m"
        }
        module "given" {
          source    = "./m"
          providers = {
            aws = aws.us
          }
        }
        """,
        write,
        **{
            "m/main.tf": 'resource "aws_vpc" "v" {}\ndata "aws_region" "r" {}\ndata "aws_partition" "p" {}\n'
            'resource "aws_s3_bucket" "b" {\n'
            '  bucket = "${data.aws_partition.p.partition}-${data.aws_region.r.name}"\n}\n'
        },
    )

    assert {vpc.address: vpc.region for vpc in model.all("aws_vpc")} == {
        "aws_vpc.default": "eu-west-1",
        "aws_vpc.us": "us-east-1",
        "module.inherits.aws_vpc.v": "eu-west-1",
        "module.given.aws_vpc.v": "us-east-1",
    }
    assert at(model, "aws_vpc.us").provider.alias == "us"
    assert at(model, "module.given.aws_s3_bucket.b").raw("bucket") == "aws-us-east-1"


def test_account_and_partition_are_symbolic(write: Write) -> None:
    """Without a region, the partition is not known either."""
    model = model_of(
        'data "aws_caller_identity" "me" {}\ndata "aws_partition" "p" {}\n'
        'resource "aws_iam_policy" "p" {\n'
        '  name = "arn:${data.aws_partition.p.partition}:iam::${data.aws_caller_identity.me.account_id}:root"\n}\n',
        write,
    )

    assert at(model, "aws_iam_policy.p").raw("name") == Symbolic(
        "arn:",
        Ref("data.aws_partition.p", "partition"),
        ":iam::",
        Ref("data.aws_caller_identity.me", "account_id"),
        ":root",
    )


# Inputs


def test_values_of_variables_have_terraforms_precedence(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default, environment, terraform.tfvars, its JSON, *.auto.tfvars by name, --var-file, --var: the last one wins."""
    names = ["default", "environment", "tfvars", "json", "auto_a", "auto_b", "file", "option"]
    declared = "".join(f'variable "{name}" {{\n  default = "default"\n}}\n' for name in names)
    tags = "".join(f"{name} = var.{name}\n" for name in names)

    def upto(name: str, value: str) -> str:
        return "".join(f'{each} = "{value}"\n' for each in names[names.index(name) :])

    for name in names[1:]:
        monkeypatch.setenv(f"TF_VAR_{name}", "environment")
    write(
        {
            "main.tf": f'{declared}resource "aws_vpc" "v" {{\n  tags = {{\n{tags}}}\n}}\n',
            "terraform.tfvars": upto("tfvars", "tfvars"),
            "terraform.tfvars.json": json.dumps(dict.fromkeys(names[names.index("json") :], "json")),
            "b.auto.tfvars": upto("auto_b", "auto_b"),
            "a.auto.tfvars": upto("auto_a", "auto_a"),
            "some.vars": upto("file", "file"),
        }
    )
    options = ReadOptions(variables={"option": "option"}, var_files=[Path("some.vars")])

    (model,) = read([Path()], options)

    assert at(model, "aws_vpc.v").raw("tags") == {name: name for name in names}


def test_text_of_a_variable_is_read_by_its_type(write: Write) -> None:
    """A string is taken as it is, a number converted, and anything else is an expression."""
    write(
        {
            "main.tf": """
            variable "text" {
              type = string
            }
            variable "number" {
              type = number
            }
            variable "list" {
              type = list(string)
            }
            variable "untyped" {}
            output "x" {
              value = 1
            }
            resource "terraform_data" "d" {
              input = [var.text, var.number, var.list, var.untyped]
            }
            """
        }
    )
    values = {"text": "[1]", "number": "5", "list": '["a"]', "untyped": "[1]"}

    (model,) = read([Path()], ReadOptions(variables=values))

    assert at(model, "terraform_data.d").raw("input") == ["[1]", 5, ["a"], "[1]"]


def test_null_gives_the_default_of_a_variable_that_is_not_nullable(write: Write) -> None:
    """With `nullable = false`; else null stays null."""
    model = model_of(
        """
        module "m" {
          source = "./m"
          a      = null
          b      = null
        }
        """,
        write,
        **{
            "m/main.tf": 'variable "a" {\n  default = 1\n  nullable = false\n}\nvariable "b" {\n  default = 1\n}\n'
            'resource "terraform_data" "d" {\n  input = [var.a, var.b]\n}\n'
        },
    )

    assert at(model, "module.m.terraform_data.d").raw("input") == [1, None]


def test_a_value_that_does_not_fit_its_type_is_a_problem_where_it_is_given(write: Write) -> None:
    """The variable is unknown then."""
    write({"terraform.tfvars": "\nn = []\n"})
    model = model_of('variable "n" {\n  type = number\n}\nresource "aws_vpc" "v" {\n  cidr_block = var.n\n}\n', write)

    assert messages(model) == ["var.n: number required"]
    assert str(model.problems[0].location) == "terraform.tfvars:2"


def test_variables_and_files_that_there_are_not_are_usage_errors(write: Write) -> None:
    """A name that no root module declares is a typing error."""
    write({"main.tf": 'variable "name" {}\n'})

    with pytest.raises(InputError, match="no root module has a variable nam"):
        read([Path()], ReadOptions(variables={"nam": "x"}))
    with pytest.raises(InputError, match=r"no such file or directory: gone\.tfvars"):
        read([Path()], ReadOptions(var_files=[Path("gone.tfvars")]))


# Root modules


@pytest.fixture
def repository(write: Write) -> Path:
    """A repository with modules, two stacks that use them, an example, and things that are no root modules."""
    vpc = 'resource "aws_vpc" "v" {}\n'
    return write(
        {
            ".git/HEAD": "",
            "modules/a/main.tf": 'module "b" {\n  source = "../b"\n}\n' + vpc,
            "modules/b/main.tf": vpc,
            "modules/lonely/main.tf": vpc,
            "stacks/one/main.tf": 'module "a" {\n  source = "../../modules/a"\n}\n',
            "stacks/two/main.tf": 'module "b" {\n  source = "../../modules/b"\n}\n',
            ".terraform/modules/x/main.tf": vpc,
            "stacks/.hidden/main.tf": vpc,
            "docs/readme.md": "",
            "circle/a/main.tf": 'module "b" {\n  source = "../b"\n}\n',
            "circle/b/main.tf": 'module "a" {\n  source = "../a"\n}\n',
        }
    )


def test_root_modules_are_those_that_nobody_calls(repository: Path) -> None:
    """Hidden folders are left alone, and one of a circle stands for it."""
    assert [model.name for model in read([Path()])] == [
        "modules/lonely",
        "stacks/one",
        "stacks/two",
        "circle/a",
    ]


def test_a_folder_that_is_named_is_a_root_module(repository: Path) -> None:
    """Even if others call it."""
    assert [model.name for model in read([Path("modules/b")])] == ["modules/b"]


@pytest.mark.parametrize(
    ("mark", "roots"),
    [
        ({}, ["test"]),
        ({"terraform.tfvars": ""}, [".", "test"]),
        ({"providers.tf": 'provider "aws" {}\n'}, [".", "test"]),
        ({"backend.tf": 'terraform {\n  backend "s3" {}\n}\n'}, [".", "test"]),
    ],
)
def test_a_test_does_not_speak_for_a_module_that_people_run(
    write: Write, mark: Mapping[str, str], roots: list[str]
) -> None:
    """A module that is called stands alone only if it has what root modules have."""
    call = 'module "m" {\n  source = "../"\n}\n'
    write({"main.tf": 'resource "aws_vpc" "v" {}\n', "test/main.tf": call, **mark})

    assert [model.name for model in read([Path()])] == roots


def test_without_a_repository_modules_come_from_below_the_working_directory(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An example finds the module that it shows, with that module's own files; it reads no others."""
    root = write(
        {
            "main.tf": 'resource "aws_vpc" "v" {\n  tags = { a = file("${path.module}/a.txt") }\n}\n',
            "a.txt": "text",
            "examples/one/main.tf": (
                'module "m" {\n  source = "../.."\n}\n'
                'resource "aws_vpc" "w" {\n  tags = { a = file("../../a.txt") }\n}\n'
            ),
        }
    )

    (model,) = read([Path("examples/one")])
    monkeypatch.chdir(root / "examples" / "one")
    (fenced,) = read([Path()])

    assert at(model, "module.m.aws_vpc.v").raw("tags") == {"a": "text"}
    with pytest.raises(Unknown, match="outside of the scanned tree one"):
        at(model, "aws_vpc.w").get("tags", "a")
    assert [gap.reason for gap in fenced.gaps] == ['module "m" is outside of the scanned tree']


def test_a_file_stands_for_the_root_modules_that_use_it(repository: Path) -> None:
    """Each once, however many files are named."""
    one, two, shared = Path("modules/a/main.tf"), Path("stacks/two/main.tf"), Path("modules/b/main.tf")

    assert [model.name for model in read([one])] == ["stacks/one"]
    assert [model.name for model in read([two])] == ["stacks/two"]
    assert [model.name for model in read([shared, one])] == ["stacks/one", "stacks/two"]


def test_folders_without_terraform_give_no_model(repository: Path) -> None:
    """There is nothing to say of them."""
    assert read([Path("docs")]) == []


def test_links_are_not_followed_out_of_the_tree(write: Write, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither as folders, nor as files, nor as module sources."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "main.tf").write_text('resource "aws_vpc" "secret" {}\n')
    root = write({"main.tf": 'module "m" {\n  source = "./link"\n}\n'})
    (root / "link").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "other.tf").symlink_to(outside / "main.tf")

    (model,) = read([Path()])

    assert list(model.all()) == []
    assert [problem.message for problem in model.problems] == [
        "other.tf leads out of the scanned tree",
        'module "m" is outside of the scanned tree',
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\0b", "main.tf is a binary file"),
        ("# café".encode("latin-1"), "main.tf is not UTF-8 (byte 5)"),
        (b"#" * 4_000_001, "main.tf is larger than 4 MB"),
    ],
)
def test_files_that_are_no_text_are_told(write: Write, content: bytes, message: str) -> None:
    """Each is a problem, and a gap in the picture."""
    root = write({})
    (root / "main.tf").write_bytes(content)

    (model,) = read([Path()])

    assert [(problem.stage, problem.message) for problem in model.problems] == [("read", message)]
    assert len(model.gaps) == 1


def test_a_broken_block_is_a_problem_and_a_gap_of_its_type(write: Write) -> None:
    """Other types can still be said not to be there."""
    model = model_of('resource "aws_vpc" "v" {\n  cidr_block = =\n}\nresource "aws_s3_bucket" "b" {}\n', write)

    assert [(p.stage, p.message, str(p.location)) for p in model.problems] == [
        ("parse", "an expression is expected here", "main.tf:2")
    ]
    assert [gap.types for gap in model.gaps] == [frozenset({"aws_vpc"})]
    assert list(model.resources("aws_subnet")) == []
    with pytest.raises(Unknown, match="could not be parsed"):
        list(model.resources("aws_vpc"))


@pytest.mark.parametrize(
    "text",
    [
        "locals {\n" + "".join(f"  a{i} = local.a{i - 1}\n" for i in range(1, 3000)) + '  a0 = "x"\n}\n',
        'locals {\n  a0 = "xxxxxxxxxx"\n'
        + "".join(f'  a{i} = "${{local.a{i - 1}}}${{local.a{i - 1}}}"\n' for i in range(1, 3000))
        + "}\n",
        'locals {\n  a0 = ["x"]\n'
        + "".join(f"  a{i} = [local.a{i - 1}, local.a{i - 1}]\n" for i in range(1, 100))
        + "  a2999 = local.a99\n}\n",
        "locals {\n  a0 = []\n"
        + "".join(f"  a{i} = [local.a{i - 1}]\n" for i in range(1, 120))
        + "  a2999 = local.a119\n}\n",
    ],
    ids=["chain", "strings", "lists", "levels"],
)
def test_bombs_end_in_a_problem(write: Write, text: str) -> None:
    """A value that is too deep or too large is not known."""
    model = model_of(text + 'resource "terraform_data" "d" {\n  input = local.a2999\n}\n', write)

    assert isinstance(at(model, "terraform_data.d").raw("input"), UnknownValue | Symbolic | list)
    assert model.problems != []


def test_modules_that_double_are_expanded_within_bounds(write: Write) -> None:
    """Two calls at each of twenty levels are a million modules."""
    files = {
        f"m{i}/main.tf": "".join(f'module "{n}" {{\n  source = "../m{i + 1}"\n}}\n' for n in "xy") for i in range(20)
    }
    write({**files, ".git/HEAD": "", "m20/main.tf": 'resource "aws_vpc" "v" {}\n'})
    (model,) = read([Path("m0")])

    assert len(list(model.all("aws_vpc"))) <= 100_000
    assert model.gaps != []
