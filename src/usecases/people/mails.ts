/** What is written to people: plain text, one link, and what to do when it was not them. */
import type { Mail } from '../context.ts';

export function resetMail(to: string, link: string, minutes: number): Mail {
  const text = [
    'Somebody, most likely you, asked for a new password for opsforge.',
    '',
    `Choose it here within ${minutes} minutes:`,
    link,
    '',
    'The link works once. If it was not you, do nothing: your password stays as it is.',
  ];
  return { to, subject: 'Choose a new password for opsforge', text: text.join('\n') };
}

export function invitationMail(
  to: string,
  invitation: { tenantName: string; invitedBy: string | null; role: string; days: number },
  link: string,
): Mail {
  const { tenantName, invitedBy, role, days } = invitation;
  const text = [
    `${invitedBy ?? 'An administrator'} invites you to ${tenantName} on opsforge as ${role}.`,
    '',
    `Accept within ${days} days:`,
    link,
    '',
    'If you do not know what this is about, do nothing.',
  ];
  // A name in a subject must stay within its line.
  const subject = `Invitation to ${tenantName.replace(/\s+/g, ' ')} on opsforge`;
  return { to, subject, text: text.join('\n') };
}
