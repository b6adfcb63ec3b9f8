"""The names of AWS services that a network path may lead to, as their VPC endpoints are called."""

from __future__ import annotations

# "AWS services that integrate with AWS PrivateLink" (AWS PrivateLink guide), names without region and prefix, 2026-11.
NAMES = frozenset(
    """
    access-analyzer account acm acm-pca airflow.api airflow.env airflow.ops amplify apigateway appconfig
    appconfigdata appflow application-autoscaling applicationinsights apprunner apprunner.requests appstream.api
    appstream.streaming appsync appsync-api aps aps-workspaces athena auditmanager autoscaling autoscaling-plans
    backup backup-gateway batch bedrock bedrock-agent bedrock-agent-runtime bedrock-agentcore bedrock-runtime
    billing budgets cases cassandra ce cleanrooms cloudcontrolapi clouddirectory cloudformation cloudhsmv2
    cloudtrail codeartifact.api codeartifact.repositories codebuild codecommit codeconnections.api codedeploy
    codedeploy-commands-secure codeguru-profiler codeguru-reviewer codepipeline codestar-connections.api
    cognito-identity cognito-idp comprehend comprehendmedical config connect-campaigns console controltower
    data-servicediscovery databrew datasync datazone dax deviceadvisor.iot devops-guru discovery dms drs ds
    dynamodb dynamodb-streams ebs ec2 ec2messages ecr.api ecr.dkr ecs ecs-agent ecs-telemetry eks eks-auth
    elasticache elasticbeanstalk elasticbeanstalk-health elasticfilesystem elasticloadbalancing elasticmapreduce
    email-smtp emr-containers emr-serverless emrwal.prod entityresolution events evidently execute-api
    finspace firehose fis forecast forecastquery frauddetector freetier fsx git-codecommit glue glue.dashboard
    grafana grafana-workspace greengrass groundstation guardduty guardduty-data healthlake iam identitystore
    imagebuilder inspector2 internetmonitor invoicing iot.credentials iot.data iotfleethub iotsitewise.api
    iotsitewise.data iotwireless.api ivs kafka kafka-fips kendra kendra-ranking kinesis-firehose kinesis-streams
    kms lakeformation lambda launchwizard lex-models-v2 lex-runtime-v2 license-manager
    license-manager-user-subscriptions location logs lookoutequipment lookoutmetrics lookoutvision m2
    macie2 managedblockchain mediaconnect memory-db mgn migrationhub-orchestrator models-v2-lex monitoring mq
    neptune-graph network-firewall networkflowmonitor networkmonitor notebook notifications observabilityadmin
    oam organizations osis outposts panorama payment-cryptography.controlplane payment-cryptography.dataplane
    pca-connector-ad personalize pinpoint pinpoint-sms-voice-v2 pipes polly pricing.api profile proton
    q qapps qbusiness qldb.session quicksight-website ram rbin rds rds-data redshift redshift-data
    redshift-serverless refactor-spaces rekognition resiliencehub resource-explorer-2 resource-groups robomaker
    rolesanywhere route53 route53resolver rum runtime-medical-imaging runtime-v2-lex s3 s3-global.accesspoint
    s3-outposts s3express s3tables sagemaker.api sagemaker.featurestore-runtime sagemaker.metrics
    sagemaker.runtime sagemaker.runtime-fips savingsplans schemas secretsmanager securityhub securitylake
    serverlessrepo servicecatalog servicecatalog-appregistry servicediscovery servicequotas ses signin simspaceweaver
    sms-voice snow-device-management sns sqs ssm ssm-contacts ssm-incidents ssm-quicksetup ssmmessages sso states
    storagegateway streaming-rekognition sts support support-app swf sync-states synthetics tagging tax textract
    thinclient.api timestream.ingest timestream.query transcribe transcribestreaming transfer transfer.server
    translate trustedadvisor verifiedpermissions voiceid vpc-lattice waf-regional wafv2 wellarchitected
    wisdom workmail workspaces workspaces-web xray
    """.split()  # noqa: SIM905  # as a list it would be three hundred lines
)
