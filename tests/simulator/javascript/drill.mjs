// A whole drill by the AWS SDK for JavaScript: describe, launch, follow, look into EC2, terminate.
// Prints what it saw, as JSON; the endpoint and credentials come from the environment.

import {
  DrsClient,
  paginateDescribeJobLogItems,
  paginateDescribeJobs,
  paginateDescribeRecoveryInstances,
  paginateDescribeSourceServers,
  StartRecoveryCommand,
  TerminateRecoveryInstancesCommand,
} from "@aws-sdk/client-drs";
import {
  CreateLaunchTemplateVersionCommand,
  DescribeInstancesCommand,
  EC2Client,
  ModifyLaunchTemplateCommand,
  paginateDescribeLaunchTemplates,
} from "@aws-sdk/client-ec2";

const client = { endpoint: process.env.AWS_ENDPOINT_URL, region: process.env.AWS_DEFAULT_REGION };
const drs = new DrsClient(client);
const ec2 = new EC2Client(client);

async function every(pages, member) {
  const items = [];
  for await (const page of pages) {
    items.push(...(page[member] ?? []));
  }
  return items;
}

async function ended(jobID) {
  for (;;) {
    const [job] = await every(paginateDescribeJobs({ client: drs }, { filters: { jobIDs: [jobID] } }), "items");
    if (job.status === "COMPLETED") {
      return job;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const servers = await every(paginateDescribeSourceServers({ client: drs, pageSize: 5 }, {}), "items");
const templates = await every(paginateDescribeLaunchTemplates({ client: ec2, pageSize: 5 }, {}), "LaunchTemplates");
for (const { LaunchTemplateId } of templates) {
  await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId,
      SourceVersion: "$Latest",
      LaunchTemplateData: { Monitoring: { Enabled: true } },
    }),
  );
  await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateId, DefaultVersion: "$Latest" }));
}

const sourceServers = servers.map(({ sourceServerID }) => ({ sourceServerID }));
const started = await drs.send(new StartRecoveryCommand({ isDrill: true, sourceServers, tags: { by: "javascript" } }));
const job = await ended(started.job.jobID);
const log = await every(paginateDescribeJobLogItems({ client: drs }, { jobID: job.jobID }), "items");
const recovered = await every(paginateDescribeRecoveryInstances({ client: drs }, {}), "items");
const recoveryInstanceIDs = recovered.map((instance) => instance.recoveryInstanceID);
const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: recoveryInstanceIDs }));
const instances = Reservations.flatMap((reservation) => reservation.Instances);
const terminated = await drs.send(new TerminateRecoveryInstancesCommand({ recoveryInstanceIDs }));
await ended(terminated.job.jobID);
const left = await every(paginateDescribeRecoveryInstances({ client: drs }, {}), "items");

console.log(JSON.stringify({ servers, templates, job, log, recovered, instances, left }));
